; Holes of C, beside those of ../c-like.

([(function_definition body: (compound_statement . "{" . "}" .) @hole.inside)
  (if_statement consequence: (compound_statement . "{" . "}" .) @hole.inside)
  (else_clause (compound_statement . "{" . "}" .) @hole.inside)])
