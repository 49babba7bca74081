; What stands in Lua where code is still to be written. ../README.md explains the captures.

([(function_declaration (parameters) @hole.after . "end")
  (function_definition (parameters) @hole.after . "end")])
(for_statement clause: (_) . "do" @hole.after . "end")
(while_statement "do" @hole.after . "end")
([(if_statement "then" @hole.after . "end") (else_statement "else" @hole.after .)])

((function_call name: (identifier) @name
  arguments: (arguments (string content: (_) @message))) @hole
  (#eq? @name "error")
  (#match? @message "(?i)\\b(?:todo|fixme|not (?:yet )?implemented|unimplemented)\\b"))
((comment) @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
