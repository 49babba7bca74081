; Where a fill of several lines may end. ../README.md explains the capture.

(module (_) @end)
(block (_) @end)
