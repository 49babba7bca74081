"""Whether a fill takes in the code behind it: a string or a comment that begins in the fill and does not end there.

What stands behind a gap is pinned. A fill that makes a comment of it leaves all its letters and none of its meaning,
and two fills that open and close a string swallow all between them. This is told only where text stood in the gap and
all was right with it: then a token that began behind the gap must still begin there.
"""

import re
from functools import lru_cache

from tree_sitter import Node

from dgls.syntax.fragment import Fragment
from dgls.syntax.language import Language
from dgls.syntax.view import Parsed


def takers(fragment: Fragment, filled: Parsed) -> list[int]:
    """The gaps, by number, whose fill makes a string or a comment of what stands behind it."""
    return [
        gap
        for gap, (token, (_, end)) in enumerate(zip(fragment.tokens_behind, filled.spans, strict=True))
        if token is not None and _is_inside_text(filled, end + token.offset, token.kind, fragment.language)
    ]


def _is_inside_text(filled: Parsed, place: int, kind: str, language: Language) -> bool:
    """Whether byte ``place``, where a token of a ``kind`` began, is in a string or a comment that began before it."""
    leaf = filled.tree.root_node.descendant_for_byte_range(place, place + 1)
    if leaf is None or (leaf.start_byte == place and leaf.type == kind):
        return False
    nodes: tuple[Node | None, ...] = (leaf, leaf.parent)
    opening = _opening(language)
    return any(
        node is not None
        and node.start_byte < place
        and opening.match(filled.source, node.start_byte) is not None
        for node in nodes
    )


@lru_cache(maxsize=64)
def _opening(language: Language) -> re.Pattern[bytes]:
    """What begins a string, with a prefix such as `f`, or a comment."""
    strings, comments = language.description.strings, language.description.comments
    quotes = "|".join(map(re.escape, (*strings.multi_line, *strings.single_line)))
    marks = "|".join(map(re.escape, (*comments.line, *(opens for opens, _ in comments.block))))
    forms = [rf"\w{{0,3}}(?:{quotes})"] * bool(quotes) + [marks] * bool(marks)
    return re.compile(("|".join(forms) or r"(?!)").encode())
