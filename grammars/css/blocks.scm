; Where a fill of several lines may end. ../README.md explains the capture.

(stylesheet (_) @end)
(block (_) @end)
(keyframe_block_list (_) @end)
