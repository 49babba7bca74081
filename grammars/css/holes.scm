; What stands in CSS where text is still to be written. ../README.md explains the captures.

(block . "{" . "}" .) @hole.inside
([(comment) (js_comment)] @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
((comment) @hole (#match? @hole "^/[*]\\s*(?:[.]{3}|…)\\s*[*]/$"))
