; What stands in TOML where text is still to be written. ../README.md explains the captures.

((comment) @hole.after (#match? @hole.after "(?i)^\\W*(?:TODO|FIXME)\\b"))
((string) @hole (#match? @hole "^[\"']+(?:TODO|FIXME|TBD|[.]{3}|…)\\W*[\"']+$"))
