; What tree-sitter-cpp accepts and C++ does not, beside what ../c-like says.

((break_statement) @invalid
  (#not-inside? @invalid
    "for_statement" "for_range_loop" "while_statement" "do_statement" "switch_statement" "!function_definition"
    "!lambda_expression")
  (#set! message "break outside a loop or a switch"))
((continue_statement) @invalid
  (#not-inside? @invalid "for_statement" "for_range_loop" "while_statement" "do_statement" "!function_definition"
    "!lambda_expression")
  (#set! message "continue outside a loop"))
((declaration type: (type_identifier) @invalid)
  (#any-of? @invalid "let" "var" "def" "fn" "func" "raise" "elif")
  (#set! message "this is no type"))

((namespace_definition body: (declaration_list [(break_statement) (compound_statement) (continue_statement)
  (do_statement) (for_range_loop) (for_statement) (if_statement) (return_statement) (switch_statement)
  (throw_statement) (try_statement) (while_statement)] @invalid))
  (#set! message "a statement outside a function"))
((translation_unit [(for_range_loop) (throw_statement) (try_statement)] @invalid)
  (#set! message "a statement outside a function"))
((function_definition declarator: (function_declarator declarator: (identifier) @invalid))
  (#any-of? @invalid "if" "while" "for" "switch" "catch" "return")
  (#set! message "a statement outside a function, or a clause on its own"))
((function_definition type: (class_specifier body: (_) @invalid))
  (#set! message "a semicolon is missing after the class"))
((function_declarator (type_qualifier) @first . (type_qualifier) @invalid)
  (#eq? @first @invalid)
  (#set! message "a qualifier stands once"))
((field_declaration "virtual" "virtual" @invalid)
  (#set! message "virtual stands once"))
