; Where a fill of several lines may end. ../README.md explains the capture.

(program (_) @end)
(compound_statement (_) @end)
(colon_block (_) @end)
(declaration_list (_) @end)
(enum_declaration_list (_) @end)
(switch_block (_) @end)
(match_block "," @end)
(array_creation_expression "," @end)
