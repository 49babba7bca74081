; Where a fill of several lines may end. ../README.md explains the capture.

(source_file (_) @end)
(block (_) @end)
(class_body (_) @end)
(enum_class_body (_) @end)
(lambda_literal (_) @end)
(when_expression (when_entry) @end)
