; What tree-sitter-typescript accepts and TSX does not, beside what TypeScript does not.

; --- elements

((jsx_element
  open_tag: (jsx_opening_element name: (_) @open)
  close_tag: (jsx_closing_element name: (_) @invalid))
  (#not-eq? @open @invalid)
  (#set! message "this closes another element than it should"))
