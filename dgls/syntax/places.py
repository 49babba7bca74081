"""Places that queries name: the holes of ``holes.scm``, and where a fill of several lines may end by ``blocks.scm``."""

from collections.abc import Callable, Iterable

import tree_sitter
from tree_sitter import Node

from dgls.syntax.predicates import QueryProblem, Span
from dgls.syntax.query import CheckedQuery

HOLE, INSIDE, AFTER = "hole", "hole.inside", "hole.after"
END = "end"


class HoleRules:
    """The patterns of one ``holes.scm``; each captures one of ``@hole``, ``@hole.inside`` and ``@hole.after``."""

    def __init__(self, grammar: tree_sitter.Language, source: str):
        """Raises QueryProblem where a pattern is wrong."""
        self._query = CheckedQuery(grammar, source)
        for pattern in self._query.patterns:
            if len(pattern.captures & {HOLE, INSIDE, AFTER}) != 1:
                raise QueryProblem(
                    f"a pattern captures one of @{HOLE}, @{INSIDE} and @{AFTER}: {pattern.shown}"
                )

    def spans(
        self, root: Node, source: bytes, late: Callable[[], bool], within: Span | None = None
    ) -> list[Span] | None:
        """The bytes of all holes under ``root``, sorted, the outermost of those that overlap.

        None if the tree is too large or ``late()`` became true. With ``within``, only matches that touch these bytes.
        """
        found = self._query.matches(root, source, late, within)
        if found is None:
            return None
        spans: set[Span] = set()
        for match in found:
            if HOLE in match.captures:
                nodes = match.captures[HOLE]
                spans.add((min(node.start_byte for node in nodes), max(node.end_byte for node in nodes)))
            elif INSIDE in match.captures:
                children = match.captures[INSIDE][0].children
                if len(children) > 1:
                    spans.add(_inside(source, children[0].end_byte, children[-1].start_byte))
            else:
                node = match.captures[AFTER][-1]
                if node.next_sibling is not None:
                    spans.add(_after(source, node.end_byte, node.next_sibling.start_byte))
        return outermost(spans)


def outermost(spans: Iterable[Span]) -> list[Span]:
    """``spans``, sorted, without those that another one overlaps which begins before, or ends behind."""
    kept: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or (start >= kept[-1][1] and (start, end) != kept[-1]):
            kept.append((start, end))
    return kept


class EndRules:
    """The patterns of one ``blocks.scm``; each captures ``@end``, a node after which a fill may end."""

    def __init__(self, grammar: tree_sitter.Language, source: str):
        """Raises QueryProblem where a pattern is wrong."""
        self._query = CheckedQuery(grammar, source)
        for pattern in self._query.patterns:
            if END not in pattern.captures:
                raise QueryProblem(f"a pattern captures no @{END}: {pattern.shown}")

    def within(self, root: Node, source: bytes, span: Span, late: Callable[[], bool]) -> list[int] | None:
        """The ends in ``span`` (bytes), ascending, its start excluded; None if there was not enough time."""
        start, end = span
        found = self._query.matches(root, source, late, span)
        if found is None:
            return None
        ends = {node.end_byte for match in found for node in match.captures[END]}
        return sorted(position for position in ends if start < position <= end)


def _inside(source: bytes, low: int, high: int) -> Span:
    """What stands between two brackets; the closing one keeps its line, where it has one."""
    line = source.rfind(b"\n", low, high)
    if line < 0 or source[line:high].strip():
        return low, high
    return low, line - 1 if source[low:line].endswith(b"\r") else line


def _after(source: bytes, low: int, high: int) -> Span:
    """What stands between a node and the next: the lines between them, where there are line breaks."""
    line = source.find(b"\n", low, high)
    if line < 0:
        return low, high
    return line + 1, max(line, source.rfind(b"\n", low, high)) + 1
