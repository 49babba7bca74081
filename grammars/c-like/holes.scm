; What stands in C and C++ where code is still to be written. ../README.md explains the captures.

((compound_statement . "{" . (comment)+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

((expression_statement (call_expression function: (identifier) @name arguments: (argument_list) @arguments)) @hole
  (#any-of? @name "abort" "assert" "panic")
  (#match? @arguments "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
