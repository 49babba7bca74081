; What tree-sitter-kotlin accepts and Kotlin does not. ../README.md explains the predicates.

; --- where statements may stand

((return_expression) @invalid
  (#not-inside? @invalid
    "function_declaration" "anonymous_function" "secondary_constructor" "getter" "setter" "lambda_literal"
    "!class_body" "!enum_class_body")
  (#set! message "return outside a function"))
((block (identifier) @invalid)
  (#any-of? @invalid "break" "continue")
  (#not-inside? @invalid
    "for_statement" "while_statement" "do_while_statement" "lambda_literal" "!function_declaration" "!class_body")
  (#set! message "break or continue outside a loop"))

; --- what is not whole

((try_expression) @invalid
  (#lacks-child? @invalid "catch_block" "finally_block")
  (#set! message "try needs a catch or a finally"))
((property_declaration (if_expression) @invalid)
  (#lacks-child? @invalid "else")
  (#set! message "an if that has a value needs an else"))
((property_declaration (variable_declaration . (identifier) .) .) @invalid
  (#set! message "a property needs a type or a value"))
((source_file (function_declaration) @invalid)
  (#lacks-child? @invalid "function_body" "modifiers")
  (#set! message "a function needs a body"))
((class_declaration "class" (class_body (function_declaration) @invalid))
  (#lacks-child? @invalid "function_body" "modifiers")
  (#set! message "a function that is not abstract needs a body"))
([(function_value_parameters) (class_parameters)] @invalid
  (#repeats? @invalid "parameter")
  (#set! message "two parameters of one name"))
