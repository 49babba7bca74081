; What tree-sitter-go accepts and Go does not. ../README.md explains the predicates.

; --- where statements may stand

((source_file [(assignment_statement) (block) (dec_statement) (defer_statement) (expression_statement)
  (expression_switch_statement) (for_statement) (go_statement) (if_statement) (inc_statement) (labeled_statement)
  (return_statement) (select_statement) (send_statement) (short_var_declaration) (type_switch_statement)] @invalid)
  (#set! message "a statement outside a function"))
((break_statement) @invalid
  (#lacks-child? @invalid "label_name")
  (#not-inside? @invalid
    "for_statement:body" "expression_switch_statement" "type_switch_statement" "select_statement"
    "!func_literal" "!function_declaration" "!method_declaration")
  (#set! message "break outside a loop, a switch or a select"))
((continue_statement) @invalid
  (#not-inside? @invalid
    "for_statement:body" "!func_literal" "!function_declaration" "!method_declaration")
  (#set! message "continue outside a loop"))
((fallthrough_statement) @invalid
  (#not-inside? @invalid
    "expression_case" "default_case" "!func_literal" "!function_declaration" "!method_declaration")
  (#set! message "fallthrough outside a switch"))
((expression_switch_statement (default_case) (default_case) @invalid)
  (#set! message "a switch has one default"))
((type_switch_statement (default_case) (default_case) @invalid)
  (#set! message "a switch has one default"))
((select_statement (default_case) (default_case) @invalid)
  (#set! message "a select has one default"))
((source_file (import_declaration) . (package_clause) @invalid)
  (#set! message "the package clause comes first"))
((source_file [(const_declaration) (function_declaration) (method_declaration) (type_declaration)
  (var_declaration)] . (import_declaration) @invalid)
  (#set! message "imports come before other declarations"))

; --- statements and expressions

((expression_statement [(binary_expression) (composite_literal) (false) (float_literal) (func_literal) (identifier)
  (index_expression) (int_literal) (interpreted_string_literal) (nil) (raw_string_literal) (rune_literal)
  (selector_expression) (slice_expression) (true) (type_assertion_expression)] @invalid)
  (#set! message "this is an expression, not a statement"))
((expression_statement (unary_expression operator: ["+" "-" "!" "^" "*" "&"]) @invalid)
  (#set! message "this is an expression, not a statement"))
((short_var_declaration left: (expression_list [(binary_expression) (call_expression) (index_expression)
  (int_literal) (interpreted_string_literal) (selector_expression) (unary_expression)] @invalid))
  (#set! message "only names can be declared"))
((assignment_statement left: (expression_list [(binary_expression) (call_expression) (float_literal) (func_literal)
  (int_literal) (interpreted_string_literal) (nil)] @invalid))
  (#set! message "nothing can be assigned to this"))
([(defer_statement [(binary_expression) (func_literal) (identifier) (selector_expression)] @invalid)
  (go_statement [(binary_expression) (func_literal) (identifier) (selector_expression)] @invalid)]
  (#set! message "defer and go take a call"))
(([(literal_value "}" @invalid) (argument_list ")" @invalid) (parameter_list ")" @invalid)] @list)
  (#match? @list "\\n[^\\n/]*[^,({\\s/]\\s*\\n\\s*[)}]\\Z")
  (#set! message "a comma is missing at the end of the line"))

; --- parameters

((parameter_list (parameter_declaration name: (_)) . (parameter_declaration !name) @invalid)
  (#set! message "parameters with and without names are mixed"))
((parameter_list (parameter_declaration !name) . (parameter_declaration name: (_)) @invalid)
  (#set! message "parameters with and without names are mixed"))
((parameter_list (variadic_parameter_declaration) . (_) @invalid)
  (#set! message "nothing can follow a variadic parameter"))
((method_declaration receiver: (parameter_list (parameter_declaration) . (parameter_declaration) @invalid))
  (#set! message "a method has one receiver"))
((parameter_list
  (parameter_declaration name: (identifier) @first) . (parameter_declaration name: (identifier) @invalid))
  (#eq? @first @invalid)
  (#not-eq? @first "_")
  (#set! message "two parameters of one name"))
