; Where a fill of several lines may end. ../README.md explains the capture.

(document (_) @end)
(table (pair) @end)
(table_array_element (pair) @end)
