; Where a fill of several lines may end. ../README.md explains the capture.

(chunk (_) @end)
(block (_) @end)
