; What stands in Rust where code is still to be written. ../README.md explains the captures.

([(function_item body: (block . "{" . "}" .) @hole.inside)
  (if_expression consequence: (block . "{" . "}" .) @hole.inside)
  (else_clause (block . "{" . "}" .) @hole.inside)
  (impl_item !trait body: (declaration_list . "{" . "}" .) @hole.inside)])
((block . "{" . [(line_comment) (block_comment)]+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

([(expression_statement (macro_invocation macro: (identifier) @macro)) (macro_invocation macro: (identifier) @macro)] @hole
  (#any-of? @macro "todo" "unimplemented"))
([(expression_statement (macro_invocation macro: (identifier) @macro (token_tree (string_literal) @message)))
  (macro_invocation macro: (identifier) @macro (token_tree (string_literal) @message))] @hole
  (#eq? @macro "panic")
  (#match? @message "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
