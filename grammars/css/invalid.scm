; What tree-sitter-css accepts and CSS does not. ../README.md explains the predicates.

((plain_value) @invalid
  (#match? @invalid ":$")
  (#set! message "the declaration before this lacks its semicolon"))
((js_comment) @invalid
  (#set! message "a comment stands between /* and */"))
((class_selector) @invalid
  (#match? @invalid "[.]\\s")
  (#set! message "no space follows the dot of a class"))
((color_value) @invalid
  (#match? @invalid "^#(?!(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$)")
  (#set! message "a colour has 3, 4, 6 or 8 hexadecimal digits"))
((plain_value) @invalid
  (#match? @invalid "[<>]|[|](?![\\w-])")
  (#set! message "a value holds no such sign"))
