; What tree-sitter-c accepts and C does not, beside what ../c-like says.

((break_statement) @invalid
  (#not-inside? @invalid
    "for_statement" "while_statement" "do_statement" "switch_statement" "!function_definition")
  (#set! message "break outside a loop or a switch"))
((continue_statement) @invalid
  (#not-inside? @invalid "for_statement" "while_statement" "do_statement" "!function_definition")
  (#set! message "continue outside a loop"))
((declaration type: (type_identifier) @invalid)
  (#any-of? @invalid "let" "var" "throw" "new" "def" "fn" "func" "raise" "elif")
  (#set! message "this is no type"))
((parameter_list (variadic_parameter) . "," @invalid)
  (#set! message "nothing can follow the dots"))
