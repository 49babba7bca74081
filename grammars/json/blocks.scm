; Where a fill of several lines may end. ../README.md explains the capture.

(object (pair) @end)
(array (_) @end)
(document (_) @end)
