"""Where a fill begins to say again what stands behind its gap: tokens are compared, so that blanks do not matter."""

from tree_sitter import Node

from dgls.syntax.fragment import Fragment
from dgls.syntax.tree import Clock, characters, parse
from dgls.syntax.walk import walk

LEAST = 5
"""Characters of a line that is no coincidence; a keyword is none either."""


def repeats_from(fragment: Fragment, fill: str) -> int | None:
    """The character of ``fill``, for the fragment's one gap, from which it repeats what follows; None if it does not.

    That is the rest of the cursor's line, at the end of the fill; or else the next line, as any line of the fill that
    is indented alike.
    """
    source, [(start, end)] = fragment.view.filled([fill])
    tree = None if fragment.gave_up else parse(source, fragment.language, Clock(fragment.budget_ms))
    if tree is None:
        return None
    stop = _line_end(source, end)
    goes_on = bool(source[end:stop].strip())
    while not goes_on and stop < len(source) and not source[end:stop].strip():
        stop = _line_end(source, stop + 1)
    leaves = [
        node
        for node in walk(tree.root_node, lambda node: node.start_byte < stop and start < node.end_byte)
        if node.child_count == 0 and start <= node.start_byte < stop and node.end_byte > node.start_byte
    ]
    inside = [leaf for leaf in leaves if leaf.end_byte <= end]
    following = [leaf for leaf in leaves if leaf.start_byte >= end]
    said = _texts(following)
    is_keyword = any(not leaf.is_named and leaf.type.isalpha() for leaf in following)
    if not is_keyword and len(b"".join(said)) < LEAST:
        return None
    if goes_on:
        found = inside[len(inside) - len(said)] if said and _texts(inside)[-len(said) :] == said else None
    else:
        found = _line_that_says(said, inside, following[0].start_point.column)
    return None if found is None else characters(source, start, found.start_byte)


def _line_that_says(said: list[bytes], inside: list[Node], column: int) -> Node | None:
    """The first leaf of the first line of a fill that says the same at the same column."""
    rows: dict[int, list[Node]] = {}
    for leaf in inside:
        rows.setdefault(leaf.start_point.row, []).append(leaf)
    return next(
        (row[0] for row in rows.values() if row[0].start_point.column == column and _texts(row) == said), None
    )


def _texts(leaves: list[Node]) -> list[bytes]:
    return [leaf.text or b"" for leaf in leaves]


def _line_end(source: bytes, place: int) -> int:
    found = source.find(b"\n", place)
    return len(source) if found < 0 else found
