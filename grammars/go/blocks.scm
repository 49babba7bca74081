; Where a fill of several lines may end. ../README.md explains the capture.

(source_file (_) @end)
(statement_list (_) @end)
(block (comment) @end)
[(expression_case) (type_case) (communication_case) (default_case)] @end
(literal_value "," @end)
(field_declaration_list (_) @end)
