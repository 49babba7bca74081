; What stands in Kotlin where code is still to be written. ../README.md explains the captures.

((call_expression . (identifier) @name (value_arguments)) @hole
  (#eq? @name "TODO"))
((throw_expression (call_expression . (identifier) @error)) @hole
  (#any-of? @error "NotImplementedError" "UnsupportedOperationException"))
(function_body (block . "{" . "}" .) @hole.inside)
(secondary_constructor (block . "{" . "}" .) @hole.inside)
(anonymous_initializer (block . "{" . "}" .) @hole.inside)
([(line_comment) (block_comment)] @hole.after
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
