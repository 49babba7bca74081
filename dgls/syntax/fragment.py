"""The part of a text that a verdict parses: what encloses the gaps and what stands beside them, far siblings left out.

A fragment is the text itself with statements removed, never a piece out of its place: the headers of all enclosing
blocks stay, so that indentation and `return` or `await` mean what they mean in the whole file. It is found in a
window of top-level lines around the gaps; the whole text is parsed only where that window does not parse well.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from tree_sitter import Node

from dgls.infill.request import Gap
from dgls.syntax.language import Language
from dgls.syntax.layout import layout_around
from dgls.syntax.tree import Clock, Site, parse, parseable, wrong_sites

BUDGET_MS = 500.0
ENOUGH_BYTES = 1_500
"""A construct around the gaps that is smaller than this stays whole."""
NEIGHBOUR_BYTES = 500
"""A sibling beside the gaps that is smaller than this stays whole."""
WINDOW_BYTES = 8_000
WHOLE_CHARACTERS = 200_000

Span = tuple[int, int]


class View:
    """One way to look at the gaps: the bytes around them, and what is wrong there without any fill."""

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

    def sites(self, source: bytes) -> list[Site] | None:
        """All that is wrong in ``source``; None if the time was up before the end."""
        clock = Clock(self._budget_ms)
        tree = parse(source, self._language, clock)
        return None if tree is None else wrong_sites(tree, source, self._language, clock)

    @cached_property
    def baselines(self) -> "list[Baseline] | None":
        """What is wrong with the gaps empty, and with the original text in them; None if there was no time."""
        found: list[Baseline] = []
        for fills in dict.fromkeys((("",) * len(self._originals), self._originals)):
            source, spans = self.filled(fills)
            sites = self.sites(source)
            if sites is None:
                return None
            found.append(Baseline(sites, spans))
        return found


class Baseline(NamedTuple):
    """What is wrong in a source, and where the gaps are in it."""

    sites: list[Site]
    spans: list[Span]


class Fragment:
    """What verdicts on the fills of some gaps look at. Made by :func:`fragment_around`."""

    def __init__(self, text: str, gaps: Sequence[Gap], kept: "_Kept", language: Language, budget_ms: float):
        """``text`` is parseable; all gaps lie in what is kept of it."""
        self.language = language
        self.budget_ms = budget_ms
        self.gap_count = len(gaps)
        self._text = text
        self._gaps = tuple(gaps)
        self.is_certain = kept.tree == "whole"
        """Whether the text around the gaps parses, so that nothing the fills need can have been left out."""
        self.view = self._view(kept.stretches)

    @cached_property
    def whole_view(self) -> View | None:
        """The whole text; None where parsing that for a candidate would take too long."""
        return self._view([(0, len(self._text))]) if len(self._text) <= WHOLE_CHARACTERS else None

    def layout_view(self, fills: Sequence[str]) -> View | None:
        """What belongs to the gaps by the indentation of ``fills`` alone; None where indentation means nothing."""
        description = self.language.description
        if not description.indentation:
            return None
        start, end = self._gaps[0].start, self._gaps[-1].end
        layout = layout_around(self._text, start, end, fills[0], description.clauses)
        return self._view([(layout.start, layout.end)], layout.above)

    def _view(self, kept: Sequence[Span], above: str = "") -> View:
        """``above``, then the stretches ``kept`` of the text."""
        parts: list[str] = []
        end = 0
        for start, stop in [*self._gaps, (len(self._text), len(self._text))]:
            stretches = (self._text[max(low, end) : min(high, start)] for low, high in kept)
            parts.append("".join(stretches))
            end = stop
        parts[0] = above + parts[0]
        originals = [self._text[gap.start : gap.end] for gap in self._gaps]
        return View(parts, originals, self.language, self.budget_ms)


def fragment_around(
    text: str, gaps: Sequence[Gap], language: Language, budget_ms: float = BUDGET_MS
) -> Fragment:
    """The fragment of ``text`` around ``gaps``, which are sorted character spans that do not overlap.

    ``budget_ms`` limits every single parse, here and in the verdicts. Raises ValueError where a gap is out of order
    or outside the text.
    """
    end = 0
    for gap in gaps:
        if not end <= gap.start <= gap.end <= len(text):
            raise ValueError(
                f"gap {gap.start}-{gap.end} is out of order or outside the text (0 to {len(text)} characters)"
            )
        end = gap.end
    if not gaps:
        raise ValueError("a fragment needs at least one gap")
    text = parseable(text)
    window = _window(text, gaps[0].start, gaps[-1].end, language)
    kept = _kept_by_tree(text, window, gaps, language, budget_ms)
    if kept.tree != "whole" and window != (0, len(text)):
        wider = _kept_by_tree(text, (0, len(text)), gaps, language, budget_ms)
        kept = kept if wider.tree == "useless" else wider
    return Fragment(text, gaps, kept, language, budget_ms)


def _window(text: str, start: int, end: int, language: Language) -> Span:
    """From a few top-level lines before ``start`` to a few after ``end``: character offsets."""
    openers = tuple(language.description.comments.line)

    def is_top(line: int) -> bool:
        first = text[line : line + 1]
        return (
            bool(first) and not first.isspace() and first not in ")]}" and not text.startswith(openers, line)
        )

    low, tops = text.rfind("\n", 0, start) + 1, 0
    while low > 0 and tops < 3 and (start - low < WINDOW_BYTES or tops == 0):
        low = text.rfind("\n", 0, low - 1) + 1
        tops += is_top(low)
    high, tops = end, 0
    while high < len(text) and tops < 4 and (high - end < WINDOW_BYTES or tops == 0):
        line = text.find("\n", high) + 1
        high = line or len(text)
        tops += bool(line) and is_top(line)
    return low, high


class _Kept(NamedTuple):
    """The stretches of a text (character offsets) that stay, and what the tree was like that told them apart."""

    stretches: list[Span]
    tree: Literal["whole", "broken", "useless"]


def _kept_by_tree(
    text: str, window: Span, gaps: Sequence[Gap], language: Language, budget_ms: float
) -> _Kept:
    """What to keep of a window (character offsets) around the gaps."""
    low, high = window
    start = len(text[low : gaps[0].start].encode())
    end = start + len(text[gaps[0].start : gaps[-1].end].encode())
    source = text[low:high].encode()
    tree = parse(source, language, Clock(budget_ms))
    if tree is None:
        return _Kept([window], "useless")
    root = tree.root_node
    cuts, sound = _far_siblings(root, source, start, end, language)
    whole = not root.has_error
    if window != (0, len(text)):  # one may begin inside a string or a code fence, which parses well by chance
        whole = whole and not any(child.start_point.column for child in root.children)
        whole = whole and not wrong_sites(tree, source, language, Clock(budget_ms))
    kept: list[Span] = []
    position, offset = 0, low
    for cut_start, cut_end in [*sorted(cuts), (len(source), len(source))]:
        stop = offset + len(source[position:cut_start].decode("utf-8", "ignore"))
        kept.append((offset, stop))
        offset = stop + len(source[cut_start:cut_end].decode("utf-8", "ignore"))
        position = cut_end
    return _Kept(kept, "whole" if whole else "broken" if sound else "useless")


def _far_siblings(
    root: Node, source: bytes, start: int, end: int, language: Language
) -> tuple[list[Span], bool]:
    """The bytes of what can be left out around ``start`` to ``end``, and whether no ERROR hid what encloses them."""
    cuts: list[Span] = []
    block: Node | None = root
    while block is not None:
        if block.is_error:
            return _outside(cuts, start, end), False
        children = block.children
        first = bisect_left(children, start, key=lambda child: child.end_byte)
        last = bisect_right(children, end, key=lambda child: child.start_byte) - 1
        before, after = first - 1, last + 1
        while before > 0 and children[before].is_extra:
            before -= 1
        while after < len(children) - 1 and children[after].is_extra:
            after += 1
        if before > 0:
            cuts.append(_cut(source, children[0], children[before]))
        if after < len(children) - 1:
            cuts.append((children[after].end_byte, children[-1].end_byte))
        if before >= 0:
            cuts += _last_of(children[before], source, language)
        if after < len(children):
            cuts += _first_of(children[after], language)
        if first > last or children[last].end_byte - children[first].start_byte <= ENOUGH_BYTES:
            break
        if any(child.is_error for child in children[first : last + 1]):
            return _outside(cuts, start, end), False
        block = _block_in(children[first], start, end, language) if first == last else None
        if block is None:
            cuts += (cut for cut in _last_of(children[first], source, language) if cut[1] <= start)
            cuts += (cut for cut in _first_of(children[last], language) if end <= cut[0])
    return _outside(cuts, start, end), True


def _outside(cuts: Iterable[Span], start: int, end: int) -> list[Span]:
    """The cuts that hold something, and nothing of bytes ``start`` to ``end``."""
    return [cut for cut in cuts if cut[0] < cut[1] and (cut[1] <= start or end <= cut[0])]


def _block_in(node: Node, start: int, end: int, language: Language) -> Node | None:
    """The outermost block in ``node`` that holds bytes ``start`` to ``end``."""
    while True:
        around = [child for child in node.children if child.start_byte <= start and end <= child.end_byte]
        if len(around) != 1:
            return None
        node = around[0]
        if node.type in language.blocks:
            return node


def _last_of(node: Node, source: bytes, language: Language) -> Iterable[Span]:
    """What can be left out of a sibling before the gaps: in its last blocks, all but the last child."""
    while node.end_byte - node.start_byte > NEIGHBOUR_BYTES and node.children:
        children = node.children
        if node.type in language.blocks and len(children) > 1:
            yield _cut(source, children[0], children[-1])
        node = children[-1]


def _first_of(node: Node, language: Language) -> Iterable[Span]:
    """What can be left out of a sibling after the gaps: in its first blocks, all but the first child."""
    while node.end_byte - node.start_byte > NEIGHBOUR_BYTES and node.children:
        children = node.children
        if node.type in language.blocks:
            yield children[0].end_byte, children[-1].end_byte
            node = children[0]
        else:
            blocks = (child for child in children if child.type in language.blocks)
            node = next(blocks, children[-1])


def _cut(source: bytes, first: Node, kept: Node) -> Span:
    """From ``first`` up to its sibling ``kept``: whole lines, where both start lines."""
    lines = [source.rfind(b"\n", 0, node.start_byte) + 1 for node in (first, kept)]
    if all(
        not source[line : node.start_byte].strip() for line, node in zip(lines, (first, kept), strict=True)
    ):
        return lines[0], lines[1]
    return first.start_byte, kept.start_byte
