; What tree-sitter-scala accepts and Scala does not. ../README.md explains the predicates.

; --- where statements may stand

((return_expression) @invalid
  (#not-inside? @invalid "function_definition:body")
  (#set! message "return outside a function"))
((block (identifier) @invalid)
  (#any-of? @invalid "continue" "pass")
  (#set! message "Scala has no such statement"))

; --- words of this language and others: what follows a name is taken for a method

((call_expression function: (identifier) @invalid)
  (#any-of? @invalid "else" "catch" "finally" "elif" "switch")
  (#set! message "a clause on its own, or of another language"))
((infix_expression operator: (identifier) @invalid)
  (#any-of? @invalid "else" "elif" "catch" "finally")
  (#set! message "a clause on its own, or of another language"))
([(infix_expression left: (identifier) @invalid operator: (identifier))
  (postfix_expression . (identifier) @invalid)]
  (#any-of? @invalid "public" "function" "fun" "func" "fn" "let" "const" "lambda" "int" "static" "elif" "else")
  (#set! message "this is a keyword of another language"))
((ascription_expression (infix_expression operator: (operator_identifier) @invalid) type: (literal_type))
  (#eq? @invalid "?")
  (#set! message "a choice is written with if and else"))
((infix_expression right: (operator_identifier) @invalid)
  (#any-of? @invalid "+" "-" "*" "/" "%" "&&" "||" "==" "!=" "<" ">")
  (#set! message "something is missing behind the operator"))

; --- what is not whole

((catch_clause (call_expression function: (parenthesized_expression)) @invalid)
  (#set! message "the cases of a catch stand in braces"))
((catch_clause (block . "{" . "}" .) @invalid)
  (#set! message "a catch needs a case"))
((val_definition value: (indented_block) @invalid) @definition
  (#not-deeper? @invalid @definition)
  (#set! message "a value is missing"))
((var_definition value: (indented_block) @invalid) @definition
  (#not-deeper? @invalid @definition)
  (#set! message "a value is missing"))
((throw_expression (indented_block) @invalid) @throw
  (#not-deeper? @invalid @throw)
  (#set! message "what is thrown is missing"))
((import_declaration) @invalid
  (#breaks-line? @invalid)
  (#set! message "a name is missing"))
((class_parameters (class_parameter !type) @invalid)
  (#set! message "a parameter needs a type"))
([(parameters (parameter name: (identifier) @first) . (parameter name: (identifier) @invalid))
  (class_parameters (class_parameter name: (identifier) @first) . (class_parameter name: (identifier) @invalid))]
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))
((modifiers (access_modifier) . (access_modifier) @invalid)
  (#set! message "a modifier stands once"))
([(modifiers "override" "override" @invalid) (modifiers "final" "final" @invalid)
  (modifiers "implicit" "implicit" @invalid) (modifiers "lazy" "lazy" @invalid)]
  (#set! message "a modifier stands once"))
