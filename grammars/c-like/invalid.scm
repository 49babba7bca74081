; What the grammars of C and C++ accept and both languages refuse. ../README.md explains the predicates.

((translation_unit [(break_statement) (case_statement) (compound_statement) (continue_statement) (do_statement)
  (for_statement) (goto_statement) (if_statement) (return_statement) (switch_statement) (while_statement)] @invalid)
  (#set! message "a statement outside a function"))
((translation_unit (expression_statement [(assignment_expression) (binary_expression) (number_literal)
  (string_literal) (update_expression)] @invalid))
  (#set! message "a statement outside a function"))
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
