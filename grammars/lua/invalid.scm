; What tree-sitter-lua accepts and Lua does not. ../README.md explains the predicates.

((break_statement) @invalid
  (#not-inside? @invalid
    "while_statement" "repeat_statement" "for_statement" "!function_declaration" "!function_definition")
  (#set! message "break outside a loop"))
((attribute (identifier) @invalid)
  (#match? @invalid "^(?!(?:const|close)$)")
  (#set! message "a variable is const or close"))
([(if_statement condition: (identifier) @invalid) (elseif_statement condition: (identifier) @invalid)
  (while_statement condition: (identifier) @invalid)]
  (#match? @invalid "^!")
  (#set! message "the negation is written not"))
