; Where a fill of several lines may end. ../README.md explains the capture.

(block_mapping (block_mapping_pair) @end)
(block_sequence (block_sequence_item) @end)
(stream (document) @end)
