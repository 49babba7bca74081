"""What stands around the gaps by indentation alone: for code too broken for its tree to tell what is far from them.

In every language, lines are mostly indented under what encloses them. Kept are the lines near the gaps, the lines that
open the blocks around them, however far above, and those that close them below; what stands between is left out.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dgls.syntax.layout import CLOSERS, LINES, depth_of, line_end, open_brackets, starts_clause

NEAR = 700
"""Characters kept above and below the gaps, about."""
HEADER_LINES = 10
FAR_BLANKS = 200
"""Characters before a bracket in which something ends that it may belong to."""
ENDS = frozenset(",;{}[(")
"""What a line ends with that a bracket on the next one does not belong to."""

Span = tuple[int, int]


class _Line(NamedTuple):
    """A line that is not blank: characters ``start`` to ``end``, and the width of its indentation."""

    start: int
    end: int
    depth: int
    continues: bool
    """Whether something before it at its own depth belongs to it, as to `} else {` or a label."""


def nearby(text: str, start: int, end: int, clauses: Sequence[str]) -> list[Span]:
    """The stretches of ``text`` that stay around characters ``start`` to ``end``, which are in one of them.

    ``clauses`` are the words that begin a line which continues a statement at its own indentation, such as `else`.
    """
    here = text.rfind("\n", 0, start) + 1
    depth = depth_of(text[here:start])
    low, headers = here, list[_Line]()
    around: list[_Line] = []
    """The lines that enclose the gaps, innermost first."""
    least, wanted = depth, False
    for line in _lines_above(text, here, clauses):
        if least is None or line.depth < least or (wanted and line.depth == least):
            around.append(line)
            headers.append(line)
            wanted = line.continues
            least = line.depth
        if line.depth == least and not line.continues and here - line.start <= NEAR:
            low, headers = line.start, []
        if least == 0 and not wanted and here - line.start > NEAR:
            break
    opening = [(line.start, _header_end(text, line, low)) for line in reversed(headers)]
    pending = {line.depth for line in around if open_brackets("", text[line.start : line.end])}
    if depth is not None and open_brackets("", text[here:start]):
        pending.add(depth)
    return [*opening, *_below(text, low, end, pending, depth, clauses)]


def _below(
    text: str, low: int, end: int, pending: set[int], depth: int | None, clauses: Sequence[str]
) -> list[Span]:
    """From ``low`` to some lines after ``end``, and the lines after that which close the blocks of ``pending``."""
    first = line_end(text, end)
    high: int | None = None
    closing: list[Span] = []
    for line in _lines_below(text, first, clauses):
        near = line.start - first <= NEAR
        if (depth is None or line.depth <= depth) and not line.continues and (near or high is None):
            high = line.start
            closing = []
        if not near and high is None and line.start - first > 2 * NEAR:
            high = line.start
        closes = text[line.start + line.depth] in CLOSERS
        ends = depth is not None and line.depth < depth  # what the gaps themselves may open
        if closes and (ends or line.depth in pending) and (depth is None or line.depth <= depth):
            closing.append((line.start, line.end))
            if not open_brackets("", text[line.start : line.end]):
                pending.discard(line.depth)
        elif not line.continues:
            pending = {one for one in pending if one < line.depth}
        if depth is None or line.depth < depth:
            depth = line.depth
            pending = {one for one in pending if one <= depth}
        if not pending and not near and high is not None and depth == 0:
            break
    if high is None:
        return [(low, len(text))]
    return [(low, high), *closing]


def _header_end(text: str, line: _Line, stop: int) -> int:
    """The end of a line, or of the lines that its round and square brackets go on to."""
    opened, end = open_brackets("", text[line.start : line.end]), line.end
    for _ in range(HEADER_LINES):
        if not opened or opened[-1] == "{" or end >= stop:
            return min(end, stop)
        begin, end = end, line_end(text, end)
        opened = open_brackets(opened, text[begin:end])
    return min(line.end, stop)


def _lines_above(text: str, end: int, clauses: Sequence[str]) -> Iterator[_Line]:
    for _ in range(LINES):
        if end == 0:
            return
        start = text.rfind("\n", 0, end - 1) + 1
        line = _line(text, start, end, clauses)
        if line is not None:
            yield line
        end = start


def _lines_below(text: str, start: int, clauses: Sequence[str]) -> Iterator[_Line]:
    for _ in range(LINES):
        if start == len(text):
            return
        end = line_end(text, start)
        line = _line(text, start, end, clauses)
        if line is not None:
            yield line
        start = end


def _line(text: str, start: int, end: int, clauses: Sequence[str]) -> _Line | None:
    """The line, if it can say what encloses others: comments and directives often stand at the margin."""
    content = text[start:end].strip()
    if not content or content.startswith(("#", "//", "/*", "*")):
        return None
    depth = depth_of(text[start:end]) or 0
    label = content.endswith(":") and not clauses
    opener = content == "{" and text[max(0, start - FAR_BLANKS) : start].rstrip()[-1:] not in ENDS
    continues = content[0] in CLOSERS or label or opener or starts_clause(text, start, clauses)
    return _Line(start, end, depth, continues)
