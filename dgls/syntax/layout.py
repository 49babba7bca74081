"""What belongs to the gaps by indentation alone: for languages where it carries meaning, and code too broken to parse.

Kept are the lines of the gaps, the lines that they are indented under, and what follows in their block. What stands
before the gaps in their block is left out, and with it whatever is unclosed there.
"""

from collections.abc import Sequence

LINES = 2_000
"""Lines looked at above and below the gaps, at most."""
HEADER_LINES = 30
"""Lines that the header of a block may take."""

Span = tuple[int, int]


def kept_by_indentation(text: str, start: int, end: int, clauses: Sequence[str]) -> list[Span]:
    """The stretches of ``text`` (character offsets) that characters ``start`` to ``end`` belong to.

    ``clauses`` are the words that begin a line which continues a statement at its own indentation, such as `else`.
    """
    line = text.rfind("\n", 0, start) + 1
    stop = _line_end(text, end)
    depth = _depth_of_gaps(text, line, start, end)
    return [*_above(text, line, depth, clauses), (line, _below(text, stop, depth, clauses))]


def _above(text: str, line: int, limit: int, clauses: Sequence[str]) -> list[Span]:
    """The headers of the blocks around ``line``; those of clauses together with the statement they continue."""
    spans: list[Span] = []
    clause_end: int | None = None
    stop = line
    for _ in range(LINES):
        if line == 0 or (limit == 0 and clause_end is None):
            break
        below, line = line, text.rfind("\n", 0, line - 1) + 1
        depth = _depth(text[line:below])
        if depth is None or depth > limit or (depth == limit and clause_end is None):
            continue
        limit = depth
        clause_end = clause_end or _header_end(text, line, stop)
        if not _continues(text, line, clauses):
            spans.append((line, clause_end))
            clause_end, stop = None, line
    return spans[::-1]


def _below(text: str, line: int, floor: int, clauses: Sequence[str]) -> int:
    """The end of the block that goes on at ``line``, with the clauses that continue what it belongs to."""
    siblings = 0
    for _ in range(LINES):
        if line == len(text):
            break
        below = _line_end(text, line)
        depth = _depth(text[line:below])
        if depth is not None and not _continues(text, line, clauses):
            siblings += depth == 0
            if depth < floor or siblings > 1:
                break
        elif depth is not None and depth < floor:
            floor = depth + 1
        line = below
    return line


def _header_end(text: str, line: int, stop: int) -> int:
    """The end of the header that begins at ``line``: where its brackets are closed, before ``stop``."""
    opened, end = 0, line
    for _ in range(HEADER_LINES):
        begin, end = end, min(_line_end(text, end), stop)
        header = text[begin:end]
        opened += sum(map(header.count, "([{")) - sum(map(header.count, ")]}"))
        if opened <= 0 or end == stop:
            break
    return end


def _continues(text: str, line: int, clauses: Sequence[str]) -> bool:
    """Whether the line begins with the word of a clause."""
    rest = text[line : _line_end(text, line)].lstrip(" \t\f")
    word = rest[: next((at for at, letter in enumerate(rest) if not letter.isalnum()), len(rest))]
    return word in clauses


def _depth_of_gaps(text: str, line: int, start: int, end: int) -> int:
    """How far the code in and around the gaps is indented, by the first line there that is not blank."""
    while line < len(text):
        stop = _line_end(text, line)
        depth = _depth(text[line:stop])
        if depth is not None:
            return depth
        if start == end and line < start < stop:
            return start - line
        line = stop
    return 0


def _depth(line: str) -> int | None:
    """The width of a line's indentation; None if it is blank."""
    rest = line.lstrip(" \t\f")
    return None if not rest.strip() else len(line) - len(rest)


def _line_end(text: str, line: int) -> int:
    return text.find("\n", line) + 1 or len(text)
