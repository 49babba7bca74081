; What tree-sitter-cpp accepts and C++ does not. ../README.md explains the predicates.

((translation_unit [(break_statement) (case_statement) (compound_statement) (continue_statement) (do_statement)
  (for_statement) (goto_statement) (if_statement) (return_statement) (switch_statement) (while_statement)] @invalid)
  (#set! message "a statement outside a function"))
((translation_unit (expression_statement [(assignment_expression) (binary_expression) (number_literal)
  (string_literal) (update_expression)] @invalid))
  (#set! message "a statement outside a function"))
((break_statement) @invalid
  (#not-inside? @invalid
    "for_statement" "for_range_loop" "while_statement" "do_statement" "switch_statement" "!function_definition"
    "!lambda_expression")
  (#set! message "break outside a loop or a switch"))
((continue_statement) @invalid
  (#not-inside? @invalid "for_statement" "for_range_loop" "while_statement" "do_statement" "!function_definition"
    "!lambda_expression")
  (#set! message "continue outside a loop"))
((case_statement) @invalid
  (#not-inside? @invalid "switch_statement" "!function_definition")
  (#set! message "case outside a switch"))
((switch_statement
  body: (compound_statement (case_statement . "default") (case_statement . "default") @invalid))
  (#set! message "a switch has one default"))

((function_definition type: (struct_specifier body: (_) @invalid))
  (#set! message "a semicolon is missing after the struct"))
((function_definition type: (enum_specifier body: (_) @invalid))
  (#set! message "a semicolon is missing after the enum"))
((declaration type: (type_identifier) @invalid)
  (#any-of? @invalid "let" "var" "def" "fn" "func" "raise" "elif")
  (#set! message "this is no type"))
((declaration (storage_class_specifier) @first . (storage_class_specifier) @invalid)
  (#eq? @first @invalid)
  (#set! message "a specifier stands once"))
((update_expression argument: [(number_literal) (string_literal)] @invalid)
  (#set! message "nothing can be assigned to this"))
((parameter_list
  (parameter_declaration declarator: (identifier) @first) .
  (parameter_declaration declarator: (identifier) @invalid))
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))

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
