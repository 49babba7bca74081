; Holes of elements, beside those of TypeScript. ../README.md explains the captures.

((jsx_expression . "{" . (comment) @todo . "}" .) @hole
  (#match? @todo "(?i)^\\W*(?:TODO|FIXME|XXX)\\b"))
