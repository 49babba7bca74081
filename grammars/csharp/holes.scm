; What stands in C# where code is still to be written. ../README.md explains the captures.

([(method_declaration body: (block . "{" . "}" .) @hole.inside)
  (local_function_statement body: (block . "{" . "}" .) @hole.inside)
  (if_statement consequence: (block . "{" . "}" .) @hole.inside)
  (if_statement alternative: (block . "{" . "}" .) @hole.inside)])
((class_declaration body: (declaration_list . "{" . "}" .) @hole.inside) @class
  (#lacks-child? @class "base_list"))
((block . "{" . (comment)+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

((block . "{" . (comment)* . (throw_statement) @hole . "}" .)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((arrow_expression_clause (throw_expression) @hole)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
