; What tree-sitter-typescript accepts and TypeScript does not, beside what ../ecmascript says.

((lexical_declaration kind: "const" (variable_declarator !type !value) @invalid)
  (#set! message "a constant needs a value"))
((variable_declarator name: [(object_pattern) (array_pattern)] @invalid !value)
  (#not-inside? @invalid "ambient_declaration")
  (#set! message "a pattern needs a value"))
((formal_parameters (required_parameter pattern: (rest_pattern)) . "," @invalid)
  (#set! message "nothing can follow the rest"))

; --- types, classes and declarations

((formal_parameters (optional_parameter) . (required_parameter !value pattern: [(identifier) (object_pattern)]) @invalid)
  (#set! message "a required parameter follows an optional one"))
((optional_parameter value: (_) @invalid)
  (#set! message "a parameter with a question mark has no default"))
((formal_parameters
  (required_parameter pattern: (identifier) @first) . (required_parameter pattern: (identifier) @invalid))
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))
((abstract_method_signature) @invalid
  (#not-inside? @invalid "abstract_class_declaration" "!class_declaration" "!class")
  (#set! message "an abstract method outside an abstract class"))
((required_parameter (accessibility_modifier) @invalid)
  (#not-inside? @invalid "method_definition" "method_signature" "!arrow_function" "!function_declaration")
  (#set! message "a modifier stands in a constructor's parameters alone"))
((function_signature) @invalid
  (#not-inside? @invalid "program" "ambient_declaration" "internal_module" "module" "!function_declaration"
    "!method_definition" "!arrow_function" "!function_expression")
  (#set! message "a function needs a body"))
([(interface_declaration) (enum_declaration) (internal_module) (module)] @invalid
  (#not-inside? @invalid "program" "!class_body")
  (#set! message "a declaration inside a class"))
((enum_body "," . "," @invalid)
  (#set! message "a member is missing between two commas"))
((type_arguments "," . "," @invalid)
  (#set! message "a type is missing between two commas"))
((new_expression constructor: (call_expression) @invalid)
  (#set! message "this is no constructor"))
