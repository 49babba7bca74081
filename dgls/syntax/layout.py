"""What belongs to the gaps by indentation alone: for languages where it carries meaning, and code too broken to parse.

Kept are the lines of the gaps, the lines that they are indented under, and what follows in their block. What stands
before the gaps in their block is left out, and with it whatever is unclosed there; brackets that are open at the end of
a line that is kept are closed.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

LINES = 2_000
"""Lines looked at above and below the gaps, at most."""
HEADER_LINES = 30
"""Lines that the header of a block may take."""
ENOUGH = 1_500
"""Characters below the gaps after which the rest of their block is left out, at a statement or soon after."""
DEEPEST = 500
"""Open brackets that are counted, at most."""

Span = tuple[int, int]


class Layout(NamedTuple):
    """What belongs to some gaps: lines above theirs, mended, and the characters ``start`` to ``end`` as they are."""

    above: str
    start: int
    end: int


def depth_at(text: str, start: int, fill: str) -> int:
    """The width of the indentation at ``start`` of ``text`` where ``fill`` goes there."""
    pieces = (text[text.rfind("\n", 0, start) + 1 : start] + fill).split("\n")
    for _ in range(LINES):
        for piece in pieces:
            if (depth := depth_of(piece)) is not None:
                return depth
        if start == len(text):
            break
        begin, start = start, line_end(text, start)
        pieces = [text[begin:start]]
    return 0


def layout_around(text: str, start: int, end: int, depth: int, clauses: Sequence[str]) -> Layout:
    """What belongs to characters ``start`` to ``end`` of ``text`` where what stands there is indented by ``depth``.

    ``clauses`` are the words that begin a line which continues a statement at its own indentation, such as `else`.
    """
    line = text.rfind("\n", 0, start) + 1
    stop = line_end(text, end)
    above = "".join(text[low:high] for low, high in _above(text, line, depth, clauses))
    return Layout(_closed(above), line, _below(text, stop, depth, clauses))


def _above(text: str, line: int, limit: int, clauses: Sequence[str]) -> list[Span]:
    """The headers of the blocks around ``line``; those of clauses together with the statement they continue."""
    spans: list[Span] = []
    clause_end: int | None = None
    stop = line
    for _ in range(LINES):
        if line == 0 or (limit == 0 and clause_end is None):
            break
        below, line = line, text.rfind("\n", 0, line - 1) + 1
        depth = depth_of(text[line:below])
        if depth is None or depth > limit or (depth == limit and clause_end is None):
            continue
        limit = depth
        clause_end = clause_end or _header_end(text, line, stop)
        if not starts_clause(text, line, clauses):
            spans.append((line, clause_end))
            clause_end, stop = None, line
    return spans[::-1]


def _below(text: str, line: int, floor: int, clauses: Sequence[str]) -> int:
    """The end of the block that goes on at ``line``, with the clauses that continue what it belongs to.

    Or, of a long block, the end of a statement in it.
    """
    siblings, first = 0, line
    for _ in range(LINES):
        if line == len(text):
            break
        below = line_end(text, line)
        depth = depth_of(text[line:below])
        if depth is not None and not starts_clause(text, line, clauses):
            siblings += depth == 0
            if depth < floor or siblings > 1 or line - first > (ENOUGH if depth == floor else 2 * ENOUGH):
                break
        elif depth is not None and depth < floor:
            floor = depth + 1
        line = below
    return line


def _header_end(text: str, line: int, stop: int) -> int:
    """The end of the header that begins at ``line``: where its brackets are closed, or else its first line."""
    opened, end = "", line
    for _ in range(HEADER_LINES):
        begin, end = end, min(line_end(text, end), stop)
        opened = open_brackets(opened, text[begin:end])
        if not opened or end == stop:
            break
    return min(line_end(text, line), stop) if opened else end


def _closed(lines: str) -> str:
    """``lines`` with closing brackets where a statement ends, by its indentation or by a colon, inside brackets."""
    mended: list[str] = []
    rest = [f"{line}\n" for line in lines.split("\n")[:-1]]
    opened, depth = "", 0
    for line, following in zip(rest, [*rest[1:], ""], strict=False):
        if not opened:
            depth = depth_of(line) or 0
        opened = open_brackets(opened, line)
        below = depth_of(following)
        ends = below is not None and below <= depth and following.lstrip()[0] not in CLOSERS
        content = line.rstrip()
        if opened and (ends or content.endswith(":") or not following):
            colon = ":" if content.endswith(":") else ""
            closers = "".join(CLOSERS["([{".index(bracket)] for bracket in reversed(opened))
            line = f"{content.removesuffix(':')}{closers}{colon}\n"
            opened = ""
        mended.append(line)
    return "".join(mended)


CLOSERS = ")]}"
_STRING = re.compile(r""""[^"\n]*"|'[^'\n]*'""")
_BRACKET = re.compile(r"[()\[\]{}]")


def open_brackets(opened: str, line: str) -> str:
    """The brackets open after ``line``, outermost first, where ``opened`` were before it."""
    for letter in _BRACKET.findall(_STRING.sub("", line)):
        if letter in CLOSERS:
            opened = opened[:-1]
        elif len(opened) < DEEPEST:
            opened += letter
    return opened


def starts_clause(text: str, line: int, clauses: Sequence[str]) -> bool:
    """Whether the line begins with the word of a clause."""
    rest = text[line : line_end(text, line)].lstrip(" \t\f")
    word = rest[: next((at for at, letter in enumerate(rest) if not letter.isalnum()), len(rest))]
    return word in clauses


def depth_of(line: str) -> int | None:
    """The width of a line's indentation; None if it is blank."""
    rest = line.lstrip(" \t\f")
    return None if not rest.strip() else len(line) - len(rest)


def line_end(text: str, line: int) -> int:
    """Where the line after the one at offset ``line`` begins, or the end of the text."""
    return text.find("\n", line) + 1 or len(text)
