; What tree-sitter-yaml accepts and YAML does not. ../README.md explains the predicates.

((block_mapping) @invalid
  (#repeats? @invalid "block_mapping_pair")
  (#set! message "two values of one key"))
((flow_mapping) @invalid
  (#repeats? @invalid "flow_pair")
  (#set! message "two values of one key"))
