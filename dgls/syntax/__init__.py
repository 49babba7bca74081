"""Languages, fragments, verdicts and enclosing nodes: all that dgls knows of tree-sitter."""
