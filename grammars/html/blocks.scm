; Where a fill of several lines may end. ../README.md explains the capture.

(document (_) @end)
(element [(element) (script_element) (style_element) (text) (comment) (end_tag)] @end)
