; Where a fill of several lines may end. ../README.md explains the capture.

(compilation_unit (_) @end)
(block (_) @end)
(declaration_list (_) @end)
(accessor_list (_) @end)
(switch_body (_) @end)
(switch_section (_) @end)
(enum_member_declaration_list "," @end)
(initializer_expression "," @end)
(switch_expression "," @end)
