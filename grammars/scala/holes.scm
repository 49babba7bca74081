; What stands in Scala where code is still to be written. ../README.md explains the captures.

((operator_identifier) @hole (#eq? @hole "???"))
((throw_expression (instance_expression . (type_identifier) @error)) @hole
  (#any-of? @error "NotImplementedError" "UnsupportedOperationException"))
(function_definition body: (block . "{" . "}" .) @hole.inside)
((comment) @hole.after
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
((block_comment) @hole.after
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
