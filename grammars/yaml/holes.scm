; What stands in YAML where text is still to be written. ../README.md explains the captures.

((comment) @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
([(plain_scalar) (double_quote_scalar) (single_quote_scalar)] @hole
  (#match? @hole "^\\W?(?:TODO|FIXME|TBD)\\W?$"))
