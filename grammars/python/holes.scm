; What stands in Python where code is still to be written. ../README.md explains the captures.

(expression_statement . (ellipsis) .) @hole

(function_definition body: (block (pass_statement) @hole))
(class_definition !superclasses body: (block (pass_statement) @hole))
([(if_statement) (elif_clause) (else_clause) (for_statement) (while_statement) (with_statement) (try_statement)
  (case_clause)] (block . (pass_statement) @hole .))

((raise_statement . [(identifier) @error (call function: (identifier) @error)]) @hole
  (#eq? @error "NotImplementedError"))
