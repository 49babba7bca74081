; What tree-sitter-bash accepts and Bash does not. ../README.md explains the predicates.

((command name: (command_name (word) @invalid))
  (#any-of? @invalid "fi" "done" "esac" "then" "do" "else" "elif" "}")
  (#set! message "this keyword continues or ends nothing that is open"))
([(program ";;" @invalid) (compound_statement ";;" @invalid) (do_group ";;" @invalid)]
  (#set! message ";; ends the branch of a case"))
([(compound_statement) (do_group)] @invalid
  (#empty? @invalid)
  (#set! message "at least one command stands here, such as :"))
((if_statement "then" @invalid . ["fi" (else_clause) (elif_clause)])
  (#set! message "at least one command follows then, such as :"))
((command (command_name) (subshell) @invalid)
  (#set! message "a bracket in an argument is quoted"))
((heredoc_redirect "<<" (heredoc_body) @invalid)
  (#match? @invalid "(?:^|\\n)[ \\t]+$")
  (#set! message "the word that ends this text begins its line"))
