; Nearly all text is Markdown; what is wrong is a block that is opened and not closed, so that it takes in the rest.
; ../README.md explains the predicates.

; A fence is closed by a line with nothing but the same mark, as long as the opening one or longer.
((fenced_code_block . (fenced_code_block_delimiter) @invalid) @block
  (#match? @block "(?s)^(?!\\s*(`{3,}|~{3,})(?![`~]).*\\n[\\s>]*\\1[`~]*\\s*$)")
  (#set! message "this code fence is not closed"))
((html_block) @invalid
  (#match? @invalid "(?is)^<!--(?!.*-->)")
  (#set! message "this comment is not closed"))
((html_block) @invalid
  (#match? @invalid "(?is)^<(script|pre|style|textarea)(?![\\w-])(?!.*</\\1>)")
  (#set! message "this element is not closed"))
