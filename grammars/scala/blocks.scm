; Where a fill of several lines may end. ../README.md explains the capture.

(compilation_unit (_) @end)
(block (_) @end)
(template_body (_) @end)
(enum_body (_) @end)
(case_block (case_clause) @end)
