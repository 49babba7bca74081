; What the grammars of JavaScript and TypeScript accept and both languages refuse. ../README.md explains the predicates.

; --- where statements may stand

((return_statement) @invalid
  (#not-inside? @invalid
    "function_declaration:body" "function_expression:body" "generator_function:body"
    "generator_function_declaration:body" "arrow_function:body" "method_definition:body" "!class_static_block")
  (#set! message "return outside a function"))
((break_statement !label) @invalid
  (#not-inside? @invalid
    "for_statement:body" "for_in_statement:body" "while_statement:body" "do_statement:body" "switch_case"
    "switch_default" "!function_declaration" "!function_expression" "!generator_function"
    "!generator_function_declaration" "!arrow_function" "!method_definition" "!class_static_block")
  (#set! message "break outside a loop or a switch"))
((continue_statement) @invalid
  (#not-inside? @invalid
    "for_statement:body" "for_in_statement:body" "while_statement:body" "do_statement:body"
    "!function_declaration" "!function_expression" "!generator_function" "!generator_function_declaration"
    "!arrow_function" "!method_definition" "!class_static_block")
  (#set! message "continue outside a loop"))
([(await_expression) (for_in_statement "await")] @invalid
  (#not-inside? @invalid
    "function_declaration(async)" "function_expression(async)" "arrow_function(async)"
    "method_definition(async)" "generator_function(async)" "generator_function_declaration(async)" "program"
    "!function_declaration" "!function_expression" "!arrow_function" "!method_definition"
    "!generator_function" "!generator_function_declaration")
  (#set! message "await outside an async function"))
((yield_expression) @invalid
  (#not-inside? @invalid
    "generator_function:body" "generator_function_declaration:body" "method_definition(*):body"
    "!function_declaration" "!function_expression" "!arrow_function" "!method_definition")
  (#set! message "yield outside a generator"))
((call_expression function: (super) @invalid)
  (#not-inside? @invalid
    "method_definition" "!function_declaration" "!function_expression" "!generator_function"
    "!generator_function_declaration")
  (#set! message "super() outside a constructor"))
([(import_statement) (export_statement)] @invalid
  (#not-inside? @invalid
    "program" "!function_declaration" "!function_expression" "!arrow_function" "!method_definition"
    "!generator_function" "!generator_function_declaration" "!if_statement" "!for_statement"
    "!for_in_statement" "!while_statement" "!do_statement" "!try_statement" "!switch_statement")
  (#set! message "import and export stand at the top level"))
((export_statement "default" . declaration: [(lexical_declaration) (variable_declaration)] @invalid)
  (#set! message "export default takes an expression, a function or a class"))

((try_statement) @invalid
  (#lacks-child? @invalid "catch_clause" "finally_clause")
  (#set! message "try needs a catch or a finally"))
((switch_body (switch_default) (switch_default) @invalid)
  (#set! message "a switch has one default"))
([(if_statement consequence: (lexical_declaration) @invalid)
  (else_clause (lexical_declaration) @invalid)
  (for_statement body: (lexical_declaration) @invalid)
  (for_in_statement body: (lexical_declaration) @invalid)
  (while_statement body: (lexical_declaration) @invalid)]
  (#set! message "a declaration here needs a block around it"))

; --- names, operators and separators

((variable_declarator name: (identifier) @invalid)
  (#any-of? @invalid "let" "static" "yield" "await" "enum" "export")
  (#set! message "a reserved word is no name"))
((expression_statement . (identifier) @invalid)
  (#eq? @invalid "export")
  (#set! message "a reserved word is no name"))
((object "," . "," @invalid)
  (#set! message "a property is missing between two commas"))
((object . "{" . "," @invalid)
  (#set! message "a property is missing before the comma"))
((arguments "," . "," @invalid)
  (#set! message "an argument is missing between two commas"))
((arguments . "(" . "," @invalid)
  (#set! message "an argument is missing before the comma"))
((formal_parameters "," . "," @invalid)
  (#set! message "a parameter is missing between two commas"))
((update_expression argument: [(number) (string) (true) (false) (null) (call_expression)] @invalid)
  (#set! message "nothing can be assigned to this"))
((binary_expression operator: "??" right: (binary_expression operator: ["||" "&&"]) @invalid)
  (#set! message "?? beside || or && needs parentheses"))
((binary_expression operator: ["||" "&&"] right: (binary_expression operator: "??") @invalid)
  (#set! message "?? beside || or && needs parentheses"))
((binary_expression left: (unary_expression) @invalid operator: "**")
  (#set! message "a sign before ** needs parentheses"))
((array_pattern (rest_pattern) . "," @invalid)
  (#set! message "nothing can follow the rest"))
((object_pattern (rest_pattern) . "," @invalid)
  (#set! message "nothing can follow the rest"))
((named_imports "," . "," @invalid)
  (#set! message "a name is missing between two commas"))
((number) @invalid
  (#match? @invalid "__|_$|^0[bB].*[2-9]|^0[oO].*[89]|^0[0-9]*_")
  (#set! message "no such number"))
