; What stands in SQL where code is still to be written. ../README.md explains the captures.

([(comment) (marginalia)] @hole.after
  (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
((marginalia) @hole
  (#match? @hole "^/[*]\\s*(?:[.]{3}|…)\\s*[*]/$"))
