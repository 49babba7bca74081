; What tree-sitter-json accepts and JSON does not. ../README.md explains the predicates.

((object) @invalid
  (#repeats? @invalid "pair")
  (#set! message "two values of one name"))
((comment) @invalid
  (#set! message "JSON has no comments"))
((document (_) . (_) @invalid)
  (#set! message "a file holds one value"))
((number) @invalid
  (#match? @invalid "^-?(?!(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?$)[0-9.]")
  (#set! message "no such number"))
