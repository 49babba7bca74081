; What stands in Ruby where code is still to be written. ../README.md explains the captures.

[(method name: (_) @hole.after . "end") (method parameters: (_) @hole.after . "end")
  (singleton_method name: (_) @hole.after . "end") (singleton_method parameters: (_) @hole.after . "end")
  (method ";" @hole.after . "end") (singleton_method ";" @hole.after . "end")]

((call !receiver method: (identifier) @method arguments: (argument_list . (constant) @error)) @hole
  (#eq? @method "raise")
  (#eq? @error "NotImplementedError"))
((call !receiver method: (identifier) @method
  arguments: (argument_list . (call receiver: (constant) @error))) @hole
  (#eq? @method "raise")
  (#eq? @error "NotImplementedError"))
((comment) @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
