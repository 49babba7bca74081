; What stands in PHP where code is still to be written. ../README.md explains the captures.

((method_declaration name: (_) @name body: (compound_statement . "{" . "}" .) @hole.inside)
  (#not-eq? @name "__construct"))
([(function_definition body: (compound_statement . "{" . "}" .) @hole.inside)
  (if_statement body: (compound_statement . "{" . "}" .) @hole.inside)
  (else_clause body: (compound_statement . "{" . "}" .) @hole.inside)])
((class_declaration body: (declaration_list . "{" . "}" .) @hole.inside) @class
  (#lacks-child? @class "base_clause" "class_interface_clause"))
((compound_statement . "{" . (comment)+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

((compound_statement . "{" . (comment)* . (expression_statement (throw_expression)) @hole . "}" .)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
