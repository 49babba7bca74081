; What tree-sitter-html accepts and HTML does not: it closes elements wherever that makes the rest fit.
; ../README.md explains the predicates.

((erroneous_end_tag) @invalid
  (#set! message "this closes nothing that is open"))
((element (start_tag (tag_name) @name) @invalid) @element
  (#lacks-child? @element "end_tag")
  (#match? @name "(?i)^(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|html|head|body|p|li|dt|dd|rb|rt|rtc|rp|optgroup|option|colgroup|caption|thead|tbody|tfoot|tr|td|th)$)")
  (#set! message "this element is not closed"))
