; Where a fill of several lines may end. ../README.md explains the capture.

(program (_) @end)
(body_statement (_) @end)
(block_body (_) @end)
(then (_) @end)
(do (_) @end)
(else (_) @end)
(begin_block (_) @end)
