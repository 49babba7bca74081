; What stands in JSON where text is still to be written. ../README.md explains the captures.

((string) @hole (#match? @hole "^\"(?:TODO|FIXME|TBD|[.]{3}|…)\\W*\"$"))
