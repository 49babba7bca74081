; Where a fill of several lines may end. ../README.md explains the capture.

(program (_) @end)
(compound_statement (_) @end)
(do_group (_) @end)
(if_statement "then" (_) @end)
(else_clause (_) @end)
(elif_clause "then" (_) @end)
(subshell (_) @end)
