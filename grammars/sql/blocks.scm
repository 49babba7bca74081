; Where a fill of several lines may end. ../README.md explains the capture.

(program [(statement) (transaction) (comment) (marginalia)] @end)
(program ";" @end)
(column_definitions (column_definition) @end)
