; What tree-sitter-java accepts and Java does not. ../README.md explains the predicates.

; --- where statements may stand

((program [(assert_statement) (block) (break_statement) (continue_statement) (do_statement)
  (enhanced_for_statement) (expression_statement) (for_statement) (if_statement) (labeled_statement)
  (return_statement) (switch_expression) (synchronized_statement) (throw_statement) (try_statement)
  (try_with_resources_statement) (while_statement)] @invalid)
  (#set! message "a statement outside a class"))
((break_statement) @invalid
  (#lacks-child? @invalid "identifier")
  (#not-inside? @invalid
    "for_statement:body" "enhanced_for_statement:body" "while_statement:body" "do_statement:body" "switch_block"
    "!method_declaration" "!constructor_declaration" "!lambda_expression" "!class_body")
  (#set! message "break outside a loop or a switch"))
((continue_statement) @invalid
  (#not-inside? @invalid
    "for_statement:body" "enhanced_for_statement:body" "while_statement:body" "do_statement:body"
    "!method_declaration" "!constructor_declaration" "!lambda_expression" "!class_body")
  (#set! message "continue outside a loop"))
((return_statement) @invalid
  (#not-inside? @invalid
    "method_declaration:body" "constructor_declaration:body" "compact_constructor_declaration:body"
    "lambda_expression:body" "!class_body")
  (#set! message "return outside a method"))
([(block (import_declaration) @invalid) (block (package_declaration) @invalid)]
  (#set! message "this stands at the top of a file"))
((switch_block
  (switch_block_statement_group (switch_label "default"))
  (switch_block_statement_group (switch_label "default") @invalid))
  (#set! message "a switch has one default"))
((expression_statement [(binary_expression) (character_literal) (decimal_integer_literal) (field_access)
  (identifier) (lambda_expression) (null_literal) (parenthesized_expression) (string_literal) (ternary_expression)
  (this) (true) (false) (unary_expression)]) @invalid
  (#not-inside? @invalid "switch_rule" "!block" "!program" "!if_statement" "!switch_block_statement_group")
  (#set! message "this is an expression, not a statement"))
((update_expression [(decimal_integer_literal) (method_invocation) (string_literal)] @invalid)
  (#set! message "nothing can be assigned to this"))

; --- methods, fields and modifiers

((modifiers ["public" "protected" "private"] ["public" "protected" "private"] @invalid)
  (#set! message "one modifier of access is enough"))
((modifiers "static" "static" @invalid)
  (#set! message "a modifier stands once"))
((modifiers "final" "final" @invalid)
  (#set! message "a modifier stands once"))
((method_declaration (modifiers "abstract" ["abstract" "final" "static" "private"] @invalid))
  (#set! message "this modifier does not go with abstract"))
((local_variable_declaration (modifiers ["public" "protected" "private" "static" "abstract"] @invalid))
  (#not-inside? @invalid "program" "!block")
  (#set! message "a local variable has no such modifier"))
((field_declaration type: (type_identifier) @invalid)
  (#eq? @invalid "var")
  (#set! message "a field needs its type"))
((class_declaration name: (identifier) @class
  body: (class_body (constructor_declaration name: (identifier) @invalid)))
  (#not-eq? @class @invalid)
  (#set! message "a method needs the type of its result"))
((enum_declaration name: (identifier) @enum
  body: (enum_body (enum_body_declarations (constructor_declaration name: (identifier) @invalid))))
  (#not-eq? @enum @invalid)
  (#set! message "a method needs the type of its result"))
((class_body (method_declaration . type: (_) name: (_) @invalid !body))
  (#set! message "a method needs a body, or to be abstract"))
((class_body (method_declaration (modifiers) @modifiers name: (_) @invalid !body))
  (#lacks-child? @modifiers "abstract" "native")
  (#set! message "a method needs a body, or to be abstract"))
((method_declaration (modifiers "abstract") body: (_) @invalid)
  (#set! message "an abstract method has no body"))
((interface_body (method_declaration . type: (_) body: (_) @invalid))
  (#set! message "a method with a body in an interface is default or static"))
((interface_body (method_declaration (modifiers) @modifiers body: (_) @invalid))
  (#lacks-child? @modifiers "default" "static" "private")
  (#set! message "a method with a body in an interface is default or static"))
((interface_body (constant_declaration (modifiers ["private" "protected"] @invalid)))
  (#set! message "a constant of an interface is public"))
((interface_body (constant_declaration declarator: (variable_declarator !value) @invalid))
  (#set! message "a constant needs a value"))

; --- parameters and literals

((formal_parameters (spread_parameter) . (_) @invalid)
  (#set! message "nothing can follow a variadic parameter"))
((formal_parameters
  (formal_parameter name: (identifier) @first) . (formal_parameter name: (identifier) @invalid))
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))
((formal_parameter (modifiers ["public" "protected" "private" "static"] @invalid))
  (#set! message "a parameter has no such modifier"))
((character_literal) @invalid
  (#match? @invalid "^'[^\\\\'][^']+'$|^''$")
  (#set! message "a string stands in double quotes"))
