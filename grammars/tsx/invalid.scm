; What the grammar accepts and JavaScript does not. ../README.md explains the predicates.

((return_statement) @invalid
  (#not-inside? @invalid
    "function_declaration:body" "function_expression:body" "generator_function:body"
    "generator_function_declaration:body" "arrow_function:body" "method_definition:body" "!class_static_block")
  (#set! message "return outside a function"))
