; What stands in Java where code is still to be written. ../README.md explains the captures.

([(method_declaration body: (block . "{" . "}" .) @hole.inside)
  (if_statement consequence: (block . "{" . "}" .) @hole.inside)
  (if_statement alternative: (block . "{" . "}" .) @hole.inside)])
((class_declaration body: (class_body . "{" . "}" .) @hole.inside) @class
  (#lacks-child? @class "superclass" "super_interfaces"))
((block . "{" . [(line_comment) (block_comment)]+ @hole.after . "}" .)
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))

((block . "{" . [(line_comment) (block_comment)]* . (throw_statement) @hole . "}" .)
  (#match? @hole "(?i)not (?:yet )?implemented|unimplemented|notimplemented|\\bTODO\\b|new UnsupportedOperationException\\(\\)"))
((ERROR) @hole
  (#match? @hole "^(?:\\.\\.\\.|…);?$"))
