; What tree-sitter-ruby accepts and Ruby does not. ../README.md explains the predicates.

; --- where statements may stand

((break) @invalid
  (#not-inside? @invalid
    "while" "until" "for" "while_modifier" "until_modifier" "block" "do_block" "lambda" "!method"
    "!singleton_method" "!class" "!module")
  (#set! message "break outside a loop or a block"))
((redo) @invalid
  (#not-inside? @invalid
    "while" "until" "for" "while_modifier" "until_modifier" "block" "do_block" "lambda" "!method"
    "!singleton_method" "!class" "!module")
  (#set! message "redo outside a loop or a block"))
((retry) @invalid
  (#not-inside? @invalid "rescue" "rescue_modifier" "!method" "!singleton_method" "!class" "!module")
  (#set! message "retry outside a rescue"))
((class (body_statement (return) @invalid))
  (#set! message "return in the body of a class"))
((module (body_statement (return) @invalid))
  (#set! message "return in the body of a module"))
((yield) @invalid
  (#not-inside? @invalid "method" "singleton_method" "block" "do_block" "lambda" "!class" "!module")
  (#set! message "yield outside a method"))
((assignment left: (constant) @invalid)
  (#not-inside? @invalid "class" "module" "program" "block" "do_block" "!method" "!singleton_method")
  (#set! message "a constant is assigned in a method"))
([(class) (module)] @invalid
  (#not-inside? @invalid "class" "module" "program" "block" "do_block" "singleton_class" "!method" "!singleton_method")
  (#set! message "a class or module is defined in a method"))

; --- assignments

((assignment left: [(self) (nil) (true) (false)] @invalid)
  (#set! message "nothing can be assigned to this"))

; --- parameters

((method_parameters (block_parameter) . (_) @invalid)
  (#set! message "no parameter can follow &"))
((method_parameters (identifier) @first (identifier) @invalid)
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))
((method_parameters (splat_parameter) (splat_parameter) @invalid)
  (#set! message "* stands once"))

; --- keywords that the grammar takes for names

([(program (identifier) @invalid) (body_statement (identifier) @invalid) (then (identifier) @invalid)
  (do (identifier) @invalid) (else (identifier) @invalid) (ensure (identifier) @invalid)
  (block_body (identifier) @invalid)]
  (#any-of? @invalid "end" "else" "then" "do" "in" "rescue" "ensure" "elsif" "when")
  (#set! message "this keyword continues or ends nothing that is open"))
((call !receiver method: (identifier) @invalid)
  (#any-of? @invalid "elif" "elsif" "rescue" "when" "ensure")
  (#set! message "this continues nothing that is open"))
((unless alternative: (elsif) @invalid)
  (#set! message "unless has no elsif"))
((call !receiver method: (identifier) @invalid arguments: (argument_list . (pair "=>") .))
  (#eq? @invalid "except")
  (#set! message "an exception is caught with rescue"))
((regex . "/" . (string_content) @invalid)
  (#match? @invalid "^[*]")
  (#set! message "a comment begins with #"))
((call operator: "." method: (operator) @invalid)
  (#eq? @invalid "&")
  (#set! message "the safe call is written &."))
