"""Ways to look at some gaps: a source with fills in them, and what is wrong there without any fill.

A :class:`View` is parsed anew for each fill, so that it must be small. :class:`WholeText` is the text itself: its tree
is known, and a fill is an edit of it.
"""

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

from tree_sitter import Point, Tree

from dgls.syntax.language import Language
from dgls.syntax.tree import Clock, Site, parse, parseable, wrong_sites

Span = tuple[int, int]


class Baseline(NamedTuple):
    """What is wrong in a source, and where the gaps are in it."""

    sites: list[Site]
    spans: list[Span]


class Parsed(NamedTuple):
    """A source with fills in it: where in its bytes they are, its tree, and all that is wrong, in no order."""

    source: bytes
    spans: list[Span]
    tree: Tree
    sites: list[Site]


class View:
    """The bytes around some gaps."""

    def __init__(self, parts: Sequence[str], originals: Sequence[str], language: Language, budget_ms: float):
        """``parts`` stand before, between and after the gaps; ``originals`` in them."""
        self.parts = tuple(part.encode() for part in parts)
        self._originals = tuple(originals)
        self._language = language
        self._budget_ms = budget_ms

    def filled(self, fills: Sequence[str]) -> tuple[bytes, list[Span]]:
        """The source with ``fills`` in the gaps, and where in its bytes they are."""
        pieces: list[bytes] = [self.parts[0]]
        spans: list[Span] = []
        end = len(self.parts[0])
        for fill, part in zip(fills, self.parts[1:], strict=True):
            encoded = parseable(fill).encode()
            spans.append((end, end + len(encoded)))
            pieces += (encoded, part)
            end += len(encoded) + len(part)
        return b"".join(pieces), spans

    def parsed(self, fills: Sequence[str], clock: Clock) -> Parsed | None:
        """The source with ``fills`` in the gaps, and what is wrong in it; None if the time was up before the end."""
        source, spans = self.filled(fills)
        tree = parse(source, self._language, clock)
        sites = None if tree is None else wrong_sites(tree, source, self._language, clock)
        return None if tree is None or sites is None else Parsed(source, spans, tree, sites)

    def is_right(self, fills: Sequence[str], clock: Clock) -> bool:
        """Whether nothing at all is wrong with ``fills`` in the gaps; False too if the time was up before the end."""
        source, _ = self.filled(fills)
        return _is_right(source, self._language, clock)

    @cached_property
    def baselines(self) -> list[Baseline] | None:
        """What is wrong with the gaps empty, and with the original text in them; None if there was no time."""
        clock = Clock(self._budget_ms)
        found: list[Baseline] = []
        for fills in dict.fromkeys((("",) * len(self._originals), self._originals)):
            parsed = self.parsed(fills, clock)
            if parsed is None:
                return None
            found.append(Baseline(parsed.sites, parsed.spans))
        return found


class WholeText:
    """All of a text, parsed once."""

    def __init__(self, source: bytes, gaps: Sequence[Span], tree: Tree, language: Language):
        """``tree`` is that of ``source``; ``gaps`` are its bytes."""
        self._source = source
        self._gaps = tuple(gaps)
        self._tree = tree
        self._language = language

    def is_right(self, fills: Sequence[str], clock: Clock) -> bool:
        """Whether nothing at all is wrong with ``fills`` in the gaps; False too if the time was up before the end.

        Only what the fills change is parsed again.
        """
        source, tree = self._source, copy(self._tree)
        for (start, old_end), fill in zip(reversed(self._gaps), reversed(fills), strict=True):
            encoded = parseable(fill).encode()
            point, old_point = _point(source, start), _point(source, old_end)
            source = source[:start] + encoded + source[old_end:]
            end = start + len(encoded)
            tree.edit(start, old_end, end, point, old_point, _point(source, end))
        return _is_right(source, self._language, clock, tree)


def _is_right(source: bytes, language: Language, clock: Clock, edited: Tree | None = None) -> bool:
    """Whether nothing is wrong in ``source``; where it does not parse, no rule is asked."""
    tree = parse(source, language, clock, edited)
    if tree is None or tree.root_node.has_error:
        return False
    return wrong_sites(tree, source, language, clock) == []


def _point(source: bytes, offset: int) -> Point:
    return Point(source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1)
