; What stands in Python where code is still to be written. ../README.md explains the captures.

(expression_statement . (ellipsis) .) @hole

(function_definition body: (block (pass_statement) @hole))
(class_definition !superclasses body: (block (pass_statement) @hole))
([(if_statement (block . (pass_statement) @hole .)) (elif_clause (block . (pass_statement) @hole .))
  (else_clause (block . (pass_statement) @hole .)) (for_statement (block . (pass_statement) @hole .))
  (while_statement (block . (pass_statement) @hole .)) (with_statement (block . (pass_statement) @hole .))
  (try_statement (block . (pass_statement) @hole .)) (case_clause (block . (pass_statement) @hole .))])

((raise_statement . [(identifier) @error (call function: (identifier) @error)]) @hole
  (#eq? @error "NotImplementedError"))
