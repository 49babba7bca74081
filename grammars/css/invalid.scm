; What tree-sitter-css accepts and CSS does not. ../README.md explains the predicates.
