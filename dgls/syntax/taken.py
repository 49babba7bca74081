"""Whether a fill takes in the code behind it: a string or a comment that begins in the fill and does not end there.

What stands behind a gap is pinned. A fill that makes a comment of it leaves all its letters and none of its meaning,
and two fills that open and close a string swallow all between them. This is told only where text stood in the gap and
all was right with it: then a token that began behind the gap must still begin there.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from tree_sitter import Node, Tree

from dgls.syntax.fragment import Fragment
from dgls.syntax.language import Language
from dgls.syntax.tree import Clock, parse


def takers(fragment: Fragment, fills: Sequence[str], clock: Clock) -> list[int]:
    """The gaps, by number, whose fill makes a string or a comment of what stands behind it."""
    tokens = fragment.tokens_behind
    if not any(token is not None for token in tokens):
        return []
    source, spans = fragment.view.filled(fills)
    tree = parse(source, fragment.language, clock)
    if tree is None:
        return []
    return [
        gap
        for gap, (token, (_, end)) in enumerate(zip(tokens, spans, strict=True))
        if token is not None
        and _is_inside_text(tree, source, end + token.offset, token.kind, fragment.language)
    ]


def _is_inside_text(tree: Tree, source: bytes, place: int, kind: str, language: Language) -> bool:
    """Whether byte ``place``, where a token of a ``kind`` began, is in a string or a comment that began before it."""
    leaf = tree.root_node.descendant_for_byte_range(place, place + 1)
    if leaf is None or (leaf.start_byte == place and leaf.type == kind):
        return False
    nodes: tuple[Node | None, ...] = (leaf, leaf.parent)
    opening = _opening(language)
    return any(
        node is not None and node.start_byte < place and opening.match(source, node.start_byte) is not None
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
