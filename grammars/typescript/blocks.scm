; Where a fill of several lines may end in types, beside what ../ecmascript says.

(interface_body [";" ","] @end)
(object_type [";" ","] @end)
(enum_body "," @end)
