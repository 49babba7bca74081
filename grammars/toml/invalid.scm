; What tree-sitter-toml accepts and TOML does not. ../README.md explains the predicates.

([(document) (table) (table_array_element) (inline_table)] @invalid
  (#repeats? @invalid "pair")
  (#set! message "two values of one key"))
; Below a table of an array, tables of one name belong to different ones.
((document) @invalid
  (#lacks-child? @invalid "table_array_element")
  (#repeats? @invalid "table")
  (#set! message "two tables of one name"))
