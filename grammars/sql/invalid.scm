; What tree-sitter-sql accepts and SQL does not. ../README.md explains the predicates.

((select_expression (term value: (field name: (identifier) @invalid)))
  (#match? @invalid "(?i)^(?:from|where|select|join|having|limit|values|set)$")
  (#set! message "a keyword stands where a column is wanted"))
