; What stands in JavaScript and TypeScript where code is still to be written. ../README.md explains the captures.

((method_definition name: (_) @name body: (statement_block . "{" . "}" .) @hole.inside)
  (#not-eq? @name "constructor"))
([(function_declaration body: (statement_block . "{" . "}" .) @hole.inside)
  (generator_function_declaration body: (statement_block . "{" . "}" .) @hole.inside)
  (variable_declarator value: (arrow_function body: (statement_block . "{" . "}" .) @hole.inside))
  (variable_declarator value: (function_expression body: (statement_block . "{" . "}" .) @hole.inside))
  (if_statement consequence: (statement_block . "{" . "}" .) @hole.inside)
  (else_clause (statement_block . "{" . "}" .) @hole.inside)])
((class_declaration body: (class_body . "{" . "}" .) @hole.inside) @class
  (#lacks-child? @class "class_heritage"))

((statement_block . "{" . (comment)+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))
((statement_block . "{" . (comment)* . (throw_statement) @hole . "}" .)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
