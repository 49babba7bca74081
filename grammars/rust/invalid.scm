; What tree-sitter-rust accepts and Rust does not. ../README.md explains the predicates.

([(expression_statement) (let_declaration)] @invalid
  (#not-inside? @invalid "block" "!declaration_list" "!source_file")
  (#set! message "a statement outside a function"))
