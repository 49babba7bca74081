; Nearly all text is Markdown; what is wrong is a block that is opened and not closed. ../README.md explains the
; predicates.

((fenced_code_block . (fenced_code_block_delimiter) @invalid (info_string)? (block_continuation)? .)
  (#set! message "a code fence is not closed"))
((fenced_code_block . (fenced_code_block_delimiter) @invalid (code_fence_content) .)
  (#set! message "a code fence is not closed"))
