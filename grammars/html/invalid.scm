; What tree-sitter-html accepts and HTML does not: it closes elements wherever that makes the rest fit.
; ../README.md explains the predicates.

; --- tags

((erroneous_end_tag) @invalid
  (#set! message "this closes nothing that is open"))
; The end tags of the elements named here can be left out, and the first of them have none.
((element (start_tag (tag_name) @name) @invalid) @element
  (#lacks-child? @element "end_tag")
  (#match? @name
    "(?i)^(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|html|head|body|p|li|dt|dd|rb|rt|rtc|rp|optgroup|option|colgroup|caption|thead|tbody|tfoot|tr|td|th)$)")
  (#set! message "this element is not closed"))
((element (start_tag (tag_name) @name) (end_tag) @invalid)
  (#match? @name "(?i)^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$")
  (#set! message "this element has no end tag"))
((start_tag) @invalid
  (#match? @invalid "^<\\s")
  (#set! message "no space stands between < and a name"))

; --- nesting and attributes

((element (start_tag (tag_name) @outer) (element (start_tag (tag_name) @inner) @invalid))
  (#any-of? @outer "a" "button" "form")
  (#eq? @outer @inner)
  (#set! message "this element cannot stand inside another of its kind"))
([(start_tag) (self_closing_tag)] @invalid
  (#repeats? @invalid "attribute")
  (#set! message "two attributes of one name"))
