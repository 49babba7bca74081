; Holes of C++, beside those of ../c-like.

([(function_definition type: (_) body: (compound_statement . "{" . "}" .) @hole.inside)
  (if_statement consequence: (compound_statement . "{" . "}" .) @hole.inside)
  (else_clause (compound_statement . "{" . "}" .) @hole.inside)])
((compound_statement . "{" . (comment)* . (throw_statement) @hole . "}" .)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b"))
