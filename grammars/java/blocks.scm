; Where a fill of several lines may end. ../README.md explains the capture.

(program (_) @end)
(block (_) @end)
(constructor_body (_) @end)
(class_body (_) @end)
(interface_body (_) @end)
(enum_body_declarations (_) @end)
(switch_block (_) @end)
(switch_block_statement_group (_) @end)
(enum_body "," @end)
(array_initializer "," @end)
