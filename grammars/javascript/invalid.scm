; What tree-sitter-javascript accepts and JavaScript does not, beside what ../ecmascript says.

((lexical_declaration kind: "const" (variable_declarator !value) @invalid)
  (#set! message "a constant needs a value"))
((variable_declarator name: [(object_pattern) (array_pattern)] @invalid !value)
  (#set! message "a pattern needs a value"))
((formal_parameters (rest_pattern) . "," @invalid)
  (#set! message "nothing can follow the rest"))
((formal_parameters (identifier) @first . (identifier) @invalid)
  (#eq? @first @invalid)
  (#set! message "two parameters of one name"))

; --- elements

((jsx_element
  open_tag: (jsx_opening_element name: (_) @open)
  close_tag: (jsx_closing_element name: (_) @invalid))
  (#not-eq? @open @invalid)
  (#set! message "this closes another element than it should"))
