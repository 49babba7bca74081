; Where a fill of several lines may end. ../README.md explains the capture.

(section [(atx_heading) (block_quote) (fenced_code_block) (html_block) (indented_code_block)
  (link_reference_definition) (list) (paragraph) (pipe_table) (section)
  (setext_heading) (thematic_break)] @end)
(list (list_item) @end)
