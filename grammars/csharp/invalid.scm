; What tree-sitter-c-sharp accepts and C# does not. ../README.md explains the predicates.

; --- where statements may stand

((break_statement) @invalid
  (#not-inside? @invalid
    "for_statement" "foreach_statement" "while_statement" "do_statement" "switch_section" "!lambda_expression"
    "!anonymous_method_expression" "!local_function_statement" "!method_declaration" "!constructor_declaration"
    "!accessor_declaration")
  (#set! message "break outside a loop or a switch"))
((continue_statement) @invalid
  (#not-inside? @invalid
    "for_statement" "foreach_statement" "while_statement" "do_statement" "!lambda_expression"
    "!anonymous_method_expression" "!local_function_statement" "!method_declaration" "!constructor_declaration"
    "!accessor_declaration")
  (#set! message "continue outside a loop"))
((await_expression) @invalid
  (#not-inside? @invalid
    "lambda_expression(modifier)" "method_declaration(modifier)" "local_function_statement(modifier)"
    "anonymous_method_expression" "compilation_unit" "!lambda_expression" "!method_declaration"
    "!local_function_statement" "!constructor_declaration" "!accessor_declaration")
  (#set! message "await outside an async method"))
((namespace_declaration body: (declaration_list [(constructor_declaration) (field_declaration) (method_declaration)
  (property_declaration)] @invalid))
  (#set! message "a member outside a type"))
((try_statement) @invalid
  (#lacks-child? @invalid "catch_clause" "finally_clause")
  (#set! message "try needs a catch or a finally"))
((switch_body (switch_section . "default") (switch_section . "default") @invalid)
  (#set! message "a switch has one default"))

; --- members and modifiers

([(class_declaration name: (identifier) @type body: (declaration_list (constructor_declaration name: (_) @invalid)))
  (struct_declaration name: (identifier) @type body: (declaration_list (constructor_declaration name: (_) @invalid)))
  (record_declaration name: (identifier) @type body: (declaration_list (constructor_declaration name: (_) @invalid)))]
  (#not-eq? @type @invalid)
  (#set! message "a method needs the type of its result"))
([(class_declaration body: (declaration_list (method_declaration . returns: (_) name: (_) @invalid !body)))
  (struct_declaration body: (declaration_list (method_declaration . returns: (_) name: (_) @invalid !body)))]
  (#set! message "a method needs a body, or to be abstract"))
((method_declaration (modifier) @modifier body: (_) @invalid)
  (#eq? @modifier "abstract")
  (#set! message "an abstract method has no body"))
([(class_declaration (modifier) @first . (modifier) @invalid) (method_declaration (modifier) @first . (modifier) @invalid)
  (field_declaration (modifier) @first . (modifier) @invalid)
  (property_declaration (modifier) @first . (modifier) @invalid)]
  (#eq? @first @invalid)
  (#set! message "a modifier stands once"))
([(method_declaration (modifier) @first . (modifier) @invalid) (field_declaration (modifier) @first . (modifier) @invalid)
  (property_declaration (modifier) @first . (modifier) @invalid)]
  (#eq? @first "public")
  (#any-of? @invalid "private" "protected" "internal")
  (#set! message "one modifier of access is enough"))
((local_declaration_statement (modifier) @invalid)
  (#any-of? @invalid "public" "private" "protected" "internal" "static")
  (#set! message "a local variable has no such modifier"))
((field_declaration (variable_declaration type: (implicit_type) @invalid))
  (#set! message "a field needs its type"))
((interface_declaration body: (declaration_list (field_declaration . (variable_declaration)) @invalid))
  (#set! message "an interface has no fields"))

; --- parameters and expressions

((parameter_list "params" (parameter) @invalid)
  (#set! message "nothing can follow params"))
((parameter_list (parameter "=") . (parameter) @invalid)
  (#lacks-child? @invalid "=")
  (#set! message "a parameter without a default follows one with a default"))
((parameter_list (parameter name: (_) @first) . (parameter name: (_) @invalid))
  (#eq? @first @invalid)
  (#not-eq? @first "_")
  (#set! message "two parameters of one name"))
((foreach_statement !type left: (identifier) @invalid)
  (#set! message "foreach needs a type or var"))
((local_declaration_statement (variable_declaration type: (identifier) @invalid))
  (#any-of? @invalid "let" "import" "def" "function" "elif" "raise" "from")
  (#set! message "this is no type"))
