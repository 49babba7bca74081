; What stands in HTML where text is still to be written. ../README.md explains the captures.

((comment) @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
((comment) @hole (#match? @hole "^<!--\\s*(?:[.]{3}|…)\\s*-->$"))
((text) @hole (#match? @hole "^(?:TODO|[.]{3}|…)$"))
