; What tree-sitter-rust accepts and Rust does not. ../README.md explains the predicates.

; --- where statements and items may stand

((expression_statement) @invalid
  (#not-inside? @invalid "block" "!declaration_list" "!source_file")
  (#lacks-child? @invalid "macro_invocation")
  (#set! message "a statement outside a function"))
((let_declaration) @invalid
  (#not-inside? @invalid "block" "!declaration_list" "!source_file")
  (#set! message "let outside a function"))
((break_expression) @invalid
  (#lacks-child? @invalid "label")
  (#not-inside? @invalid
    "loop_expression:body" "while_expression:body" "for_expression:body" "!function_item" "!closure_expression"
    "!async_block")
  (#set! message "break outside a loop"))
((continue_expression) @invalid
  (#not-inside? @invalid
    "loop_expression:body" "while_expression:body" "for_expression:body" "!function_item" "!closure_expression"
    "!async_block")
  (#set! message "continue outside a loop"))
((return_expression) @invalid
  (#not-inside? @invalid "function_item:body" "closure_expression:body" "async_block" "!const_item" "!static_item")
  (#set! message "return outside a function"))
((await_expression) @invalid
  (#not-inside? @invalid
    "async_block" "function_item(function_modifiers):body" "closure_expression(async):body" "!function_item:body"
    "!closure_expression:body")
  (#set! message "await outside async code"))
((function_signature_item) @invalid
  (#not-inside? @invalid "trait_item" "foreign_mod_item" "!impl_item" "!block")
  (#set! message "a function needs a body"))
([(use_declaration) (struct_item) (enum_item) (mod_item) (trait_item) (impl_item)] @invalid
  (#not-inside? @invalid "source_file" "block" "mod_item" "!impl_item" "!trait_item")
  (#set! message "this item cannot stand in a trait or an impl"))
([(const_item !value) (static_item !value)] @invalid
  (#not-inside? @invalid "trait_item" "foreign_mod_item" "!block")
  (#set! message "a constant or a static needs a value"))

; --- modifiers and parameters

((enum_variant (visibility_modifier) @invalid)
  (#set! message "a variant is as visible as its enum"))
((trait_item body: (declaration_list (_ (visibility_modifier) @invalid)))
  (#set! message "what a trait holds is as visible as the trait"))
((impl_item trait: (_) body: (declaration_list (_ (visibility_modifier) @invalid)))
  (#set! message "what a trait's impl holds is as visible as the trait"))
((let_declaration (mutable_specifier) pattern: (mut_pattern) @invalid)
  (#set! message "mut stands once"))
((function_item parameters: (parameters [(type_identifier) (primitive_type) (generic_type) (reference_type)] @invalid))
  (#set! message "a parameter needs a name and a type"))
((parameters (parameter) . (self_parameter) @invalid)
  (#set! message "self is the first parameter"))
((self_parameter) @invalid
  (#not-inside? @invalid "impl_item" "trait_item" "!block")
  (#set! message "self outside an impl or a trait"))
((parameters
  (parameter pattern: (identifier) @first) . (parameter pattern: (identifier) @invalid))
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))

; --- expressions

((binary_expression
  left: (binary_expression operator: ["==" "!=" "<" ">" "<=" ">="])
  operator: ["==" "!=" "<" ">" "<=" ">="] @invalid)
  (#set! message "comparisons cannot be chained"))
((assignment_expression left: [(integer_literal) (string_literal) (boolean_literal) (binary_expression)] @invalid)
  (#set! message "nothing can be assigned to this"))
((arguments "," . "," @invalid)
  (#set! message "an argument is missing between two commas"))
((char_literal) @invalid
  (#match? @invalid "^b?'[^\\\\'][^']+'$")
  (#set! message "a string stands in double quotes"))
