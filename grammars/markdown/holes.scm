; What stands in Markdown where text is still to be written. ../README.md explains the captures.

((paragraph (inline) @hole) (#match? @hole "(?i)^\\W*(?:TODO|FIXME)\\b"))
((paragraph (inline) @hole) (#match? @hole "^(?:[.]{3}|…)\\s*$"))
((html_block) @hole.after (#match? @hole.after "(?i)^<!--\\W*(?:TODO|FIXME)\\b"))
(fenced_code_block (info_string) @hole.after . (block_continuation)? . (fenced_code_block_delimiter))
