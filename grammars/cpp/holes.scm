; What stands in C++ where code is still to be written. ../README.md explains the captures.

([(function_definition type: (_) body: (compound_statement . "{" . "}" .) @hole.inside)
  (if_statement consequence: (compound_statement . "{" . "}" .) @hole.inside)
  (else_clause (compound_statement . "{" . "}" .) @hole.inside)])
((compound_statement . "{" . (comment)+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

((expression_statement (call_expression function: (identifier) @name arguments: (argument_list) @arguments)) @hole
  (#any-of? @name "abort" "assert" "panic")
  (#match? @arguments "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
((compound_statement . "{" . (comment)* . (throw_statement) @hole . "}" .)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
