; What tree-sitter-php accepts and PHP does not. ../README.md explains the predicates.

; --- where statements may stand

([(break_statement) (continue_statement)] @invalid
  (#not-inside? @invalid
    "for_statement" "foreach_statement" "while_statement" "do_statement" "switch_statement"
    "!anonymous_function" "!function_definition" "!method_declaration")
  (#set! message "break or continue outside a loop or a switch"))
([(namespace_use_declaration) (namespace_definition)] @invalid
  (#not-inside? @invalid
    "program" "!anonymous_function" "!function_definition" "!method_declaration" "!if_statement")
  (#set! message "this stands at the top level"))
((try_statement) @invalid
  (#lacks-child? @invalid "catch_clause" "finally_clause")
  (#set! message "try needs a catch or a finally"))
((switch_block (default_statement) (default_statement) @invalid)
  (#set! message "a switch has one default"))

; --- classes and modifiers

((class_declaration (base_clause (_) . (_) @invalid))
  (#set! message "a class extends one class"))
([(method_declaration (visibility_modifier) (visibility_modifier) @invalid)
  (property_declaration (visibility_modifier) (visibility_modifier) @invalid)
  (method_declaration (static_modifier) (static_modifier) @invalid)
  (property_declaration (static_modifier) (static_modifier) @invalid)]
  (#set! message "a modifier stands once"))
((class_declaration body: (declaration_list (method_declaration name: (_) @invalid !body) @method))
  (#lacks-child? @method "abstract_modifier")
  (#set! message "a method needs a body, or to be abstract"))
((method_declaration (abstract_modifier) body: (_) @invalid)
  (#set! message "an abstract method has no body"))
((interface_declaration body: (declaration_list (method_declaration body: (_) @invalid)))
  (#set! message "a method of an interface has no body"))
((interface_declaration body: (declaration_list (property_declaration (property_element) @invalid .)))
  (#set! message "an interface has no properties"))

; --- parameters and expressions

((formal_parameters (variadic_parameter) . (_) @invalid)
  (#set! message "nothing can follow a variadic parameter"))
((formal_parameters
  (simple_parameter name: (_) @first) . (simple_parameter name: (_) @invalid))
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))
((assignment_expression left: [(function_call_expression) (member_call_expression) (scoped_call_expression)] @invalid)
  (#set! message "nothing can be assigned to the result of a call"))
