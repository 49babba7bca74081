; What stands in Bash where code is still to be written. ../README.md explains the captures.

(compound_statement . "{" . "}" .) @hole.inside
(do_group . "do" . "done" .) @hole.inside
((_ ["{" "do" "then"] . (command . name: (command_name) @name .) @hole . ["}" "done" "fi"])
  (#eq? @name ":"))
(if_statement "then" @hole.after . ["fi" (else_clause) (elif_clause)])
((comment) @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
