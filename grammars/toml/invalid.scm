; What tree-sitter-toml accepts and TOML does not. ../README.md explains the predicates.

([(document) (table) (table_array_element) (inline_table)] @invalid
  (#repeats? @invalid "pair")
  (#set! message "two values of one key"))
((document) @invalid
  (#repeats? @invalid "table")
  (#set! message "two tables of one name"))
