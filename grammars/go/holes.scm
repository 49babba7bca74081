; What stands in Go where code is still to be written. ../README.md explains the captures.

([(function_declaration body: (block . "{" . "}" .) @hole.inside)
  (method_declaration body: (block . "{" . "}" .) @hole.inside)
  (short_var_declaration right: (expression_list (func_literal body: (block . "{" . "}" .) @hole.inside)))
  (if_statement consequence: (block . "{" . "}" .) @hole.inside)
  (if_statement alternative: (block . "{" . "}" .) @hole.inside)])
((block . "{" . (comment)+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

((expression_statement (call_expression function: (identifier) @name arguments: (argument_list . (_) @message))) @hole
  (#eq? @name "panic")
  (#match? @message "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…)$"))
