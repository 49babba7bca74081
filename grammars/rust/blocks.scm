; Where a fill of several lines may end. ../README.md explains the capture.

(source_file (_) @end)
(block (_) @end)
(declaration_list (_) @end)
(match_block (match_arm) @end)
(field_declaration_list "," @end)
(field_initializer_list "," @end)
(enum_variant_list "," @end)
