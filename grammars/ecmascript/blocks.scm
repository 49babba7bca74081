; Where a fill of several lines may end. ../README.md explains the capture.

(program (_) @end)
(statement_block (_) @end)
(switch_body (_) @end)
(class_body (method_definition) @end)
(class_body ";" @end)
(object "," @end)
