"""The part of a text that a verdict parses: what encloses the gaps and what stands beside them, far siblings left out.

A fragment is the text itself with statements removed, never a piece out of its place: the headers of all enclosing
blocks stay, so that indentation and `return` or `await` mean what they mean in the whole file. It is found in a
window of top-level lines around the gaps; where that does not parse well, the whole text is parsed, or a wide window.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from tree_sitter import Node, Tree

from dgls.infill.request import Gap
from dgls.syntax.language import Language
from dgls.syntax.layout import depth_at, layout_around
from dgls.syntax.nearby import nearby
from dgls.syntax.nested import Shell, held_by
from dgls.syntax.tree import Clock, parse, parseable, wrong_sites
from dgls.syntax.view import Span, View, WholeText

BUDGET_MS = 500.0
ENOUGH_BYTES = 1_000
"""A construct around the gaps that is smaller than this stays whole."""
NEIGHBOUR_BYTES = 300
"""A sibling beside the gaps that is smaller than this stays whole."""
WINDOW_CHARACTERS = 8_000
WINDOW_TOPS = 3
"""Top-level lines of a window before the gaps; it has one more behind them."""
WHOLE_CHARACTERS = 60_000
"""A text that is longer is not parsed whole if a part will do: that would take longer than denoising does."""
WIDE_CHARACTERS = 15_000
"""What is parsed instead, before the gaps and behind them."""
CLOSER = re.compile(r"[)\]}]|</|(?:end|fi|done|esac)\b")
"""How a line begins that ends what began at the top level before it, in one language or another."""
MOST = 5_000
"""Characters, about: if a fragment would have more where the text does not parse, indentation tells what is far."""


class Token(NamedTuple):
    """A token behind a gap: how many bytes behind it, and its node type."""

    offset: int
    kind: str


class Fragment:
    """What verdicts on the fills of some gaps look at. Made by :func:`fragment_around`."""

    def __init__(self, text: str, gaps: Sequence[Gap], kept: "_Kept", language: Language, budget_ms: float):
        """``text`` is parseable; all gaps lie in what is kept of it."""
        self.language = language
        self.budget_ms = budget_ms
        self.gap_count = len(gaps)
        self._parses = kept.tree == "whole"
        self.gave_up = kept.tree == "late"
        """Whether there is no grammar, or some parse took too long: no other is tried then, and no verdict given."""
        self._text = text
        self._gaps = tuple(gaps)
        self.originals = tuple(text[gap.start : gap.end] for gap in gaps)
        """What stands in the gaps."""
        self._whole_tree = kept.whole_tree
        self.view = self._view(kept.stretches)
        self._layouts: dict[int, View] = {}
        self.unclosed: Fragment | None = None
        """The one around the gaps without what an editor closed by itself at their end, if there is such."""
        self.shells: tuple[Shell, ...] = ()
        """What stands around the text in outer languages, where the gaps are in a language inside another."""

    @cached_property
    def is_certain(self) -> bool:
        """Whether the text around the gaps is right, so that nothing the fills need can have been left out.

        Some grammars take what continues nothing, as an `end` too many, for something else: only a rule tells.
        """
        if not self._parses or self._whole_tree is None:
            return self._parses
        clock = Clock(self.budget_ms)
        return not wrong_sites(self._whole_tree, self._text.encode(), self.language, clock)

    @cached_property
    def whole_text(self) -> WholeText | None:
        """The whole text; None where that takes too long, and where the fragment is certain without it."""
        if self._whole_tree is None or len(self._text) > WHOLE_CHARACTERS or self.is_certain:
            return None
        source, spans, offset, end = self._text.encode(), list[Span](), 0, 0
        for gap in self._gaps:
            start = end + len(self._text[offset : gap.start].encode())
            end = start + len(self._text[gap.start : gap.end].encode())
            spans.append((start, end))
            offset = gap.end
        return WholeText(source, spans, self._whole_tree, self.language)

    @cached_property
    def holes(self) -> frozenset[int]:
        """The gaps, by number, that were holes by ``holes.scm``: what stood there is code that is still missing."""
        source, spans = self.view.filled(self.originals)
        clock = Clock(self.budget_ms)
        tree = None if self.gave_up else parse(source, self.language, clock)
        if tree is None:
            return frozenset()
        holes = self.language.holes.spans(tree.root_node, source, clock.late) or []
        return frozenset(gap for gap, span in enumerate(spans) if span in holes)

    @cached_property
    def tokens_behind(self) -> "tuple[Token | None, ...]":
        """Per gap, the next token behind it; None where none begins there, or nothing stood in the gap.

        None for all of them where something is wrong with the text as it stands.
        """
        source, spans = self.view.filled(self.originals)
        is_any = any(original.strip() for original in self.originals) and not self.gave_up
        tree = parse(source, self.language, Clock(self.budget_ms)) if is_any else None
        found: list[Token | None] = []
        for original, (_, end), part in zip(self.originals, spans, self.view.parts[1:], strict=True):
            blank = len(part) - len(part.lstrip())
            leaf = None
            if tree is not None and not tree.root_node.has_error and original.strip() and blank < len(part):
                leaf = tree.root_node.descendant_for_byte_range(end + blank, end + blank + 1)
            begins = leaf is not None and leaf.start_byte == end + blank
            found.append(Token(blank, leaf.type) if leaf is not None and begins else None)
        return tuple(found)

    def layout_view(self, fills: Sequence[str]) -> View | None:
        """What belongs to the gaps by the indentation of ``fills`` alone; None where indentation means nothing."""
        description = self.language.description
        if not description.indentation:
            return None
        start, end = self._gaps[0].start, self._gaps[-1].end
        depth = depth_at(self._text, start, fills[0])
        if depth not in self._layouts:  # looking for it takes longer than a verdict
            layout = layout_around(self._text, start, end, depth, description.clauses)
            self._layouts[depth] = self._view([(layout.start, layout.end)], layout.above)
        return self._layouts[depth]

    def _view(self, kept: Sequence[Span], above: str = "") -> View:
        """``above``, then the stretches ``kept`` of the text."""
        parts: list[str] = []
        end = 0
        for start, stop in [*self._gaps, (len(self._text), len(self._text))]:
            stretches = (self._text[max(low, end) : min(high, start)] for low, high in kept)
            parts.append("".join(stretches))
            end = stop
        parts[0] = above + parts[0]
        return View(parts, self.originals, self.language, self.budget_ms)


def fragment_around(
    text: str, gaps: Sequence[Gap], language: Language, budget_ms: float = BUDGET_MS
) -> Fragment:
    """The fragment of ``text`` around ``gaps``, which are sorted character spans that do not overlap.

    Where the gaps are in a language inside another, it is one of the inner language. ``budget_ms`` limits the time
    that is taken here, and again in every verdict. Raises ValueError where a gap is out of order or outside the text.
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
    return _innermost_fragment(parseable(text), gaps, language, Clock(budget_ms))


def _innermost_fragment(text: str, gaps: Sequence[Gap], language: Language, clock: Clock) -> Fragment:
    """The fragment of a parseable text, in the language that the gaps are in."""
    held = held_by(text, gaps, language, clock)
    if held is None:
        return _fragment(text, gaps, language, clock)
    if held == "unclear" or held.language is None:
        fragment = _fragment(text, gaps, language, clock)
        fragment.gave_up = True
    else:
        fragment = _innermost_fragment(held.text, held.gaps, held.language, clock)
    if held != "unclear":
        fragment.shells = (held.shell, *fragment.shells)
    return fragment


def _fragment(text: str, gaps: Sequence[Gap], language: Language, clock: Clock) -> Fragment:
    """The fragment of a parseable text in one language."""
    window = _window(text, gaps, language, WINDOW_CHARACTERS, WINDOW_TOPS)
    kept = _kept_by_tree(text, window, gaps, language, clock)
    widest = (0, len(text))
    if len(text) > WHOLE_CHARACTERS:
        low, high = _window(text, gaps, language, WIDE_CHARACTERS, WIDE_CHARACTERS)
        if high - low <= WHOLE_CHARACTERS:  # else no line that is near is at the top level
            widest = low, high
    if kept.tree != "whole" and window != widest:
        # The whole text begins right, but a wide window may begin where a smaller one does not: inside a string.
        before = text[window[0] : gaps[0].start]
        is_right = widest != (0, len(text)) and _begins_right(before, language, clock)
        if not (is_right and kept.tree == "broken"):
            wider = _kept_by_tree(text, widest, gaps, language, clock)
            is_better = wider.tree in ("whole", "broken")
            if is_better and is_right:
                is_better = _begins_right(text[widest[0] : gaps[0].start], language, clock)
            kept = wider if is_better else kept._replace(whole_tree=wider.whole_tree)
    # A tree that is broken may have put what encloses the gaps among what stands far from them; where indentation
    # carries meaning, the view by layout makes up for that.
    is_long = sum(high - low for low, high in kept.stretches) > MOST
    if kept.tree not in ("whole", "late") and (is_long or not language.description.indentation):
        stretches = nearby(text, gaps[0].start, gaps[-1].end, language.description.clauses)
        kept = kept._replace(stretches=stretches)
    return Fragment(text, gaps, kept, language, clock.budget_ms)


def _window(text: str, gaps: Sequence[Gap], language: Language, most: int, tops_before: int) -> Span:
    """From top-level lines before the gaps to some after them, about ``most`` characters on both sides.

    Character offsets; farther where no line so near is at the top level.
    """
    start, end = gaps[0].start, gaps[-1].end
    low, tops = text.rfind("\n", 0, start) + 1, 0
    while low > 0 and tops < tops_before and (start - low < most or tops == 0):
        low = text.rfind("\n", 0, low - 1) + 1
        tops += _is_top(text, low, language)
    high, tops = end, 0
    while high < len(text) and tops <= tops_before and (high - end < most or tops == 0):
        line = text.find("\n", high) + 1
        high = line or len(text)
        tops += bool(line) and _is_top(text, line, language)
    return low, high


def _is_top(text: str, line: int, language: Language) -> bool:
    """Whether something begins at the top level at the character where ``line`` begins."""
    first = text[line : line + 1]
    starts = bool(first) and not first.isspace() and not CLOSER.match(text, line)
    return starts and not text.startswith(tuple(language.description.comments.line), line)


def _begins_right(before: str, language: Language, clock: Clock) -> bool:
    """Whether what a window has before some gaps begins outside of strings, comments and code fences.

    So it does where nothing is wrong in it up to the last line at the top level: what that begins may lack something.
    The line before may belong to it, as a decorator does.
    """
    line = before.rfind("\n") + 1
    while line > 0 and not _is_top(before, line, language):
        line = before.rfind("\n", 0, line - 1) + 1
    source = before[:line].encode()
    tree = parse(source, language, clock)
    if tree is None or any(child.start_point.column for child in tree.root_node.children):
        return False
    sites = wrong_sites(tree, source, language, clock)
    last = source.rstrip().rfind(b"\n") + 1
    return sites is not None and all(site.start >= last for site in sites)


class _Kept(NamedTuple):
    """The stretches of a text (character offsets) that stay, and what the tree was like that told them apart."""

    stretches: list[Span]
    tree: Literal["whole", "broken", "useless", "late"]
    whole_tree: Tree | None = None
    """The tree of the whole text, with what stands in the gaps, where no window was enough and the text is short."""


def _kept_by_tree(text: str, window: Span, gaps: Sequence[Gap], language: Language, clock: Clock) -> _Kept:
    """What to keep of a window (character offsets) around the gaps."""
    low, high = window
    start = len(text[low : gaps[0].start].encode())
    end = start + len(text[gaps[0].start : gaps[-1].end].encode())
    source = text[low:high].encode()
    tree = parse(source, language, clock)
    if tree is None:
        return _Kept([window], "late")
    root = tree.root_node
    cuts, sound = _far_siblings(root, source, start, end, language)
    is_all = window == (0, len(text))
    whole = not root.has_error
    if not is_all:  # a window may begin inside a string or a code fence, which parses well by chance
        whole = whole and not any(child.start_point.column for child in root.children)
        whole = whole and not wrong_sites(tree, source, language, clock)
    kept: list[Span] = []
    position, offset = 0, low
    for cut_start, cut_end in [*sorted(cuts), (len(source), len(source))]:
        stop = offset + len(source[position:cut_start].decode("utf-8", "ignore"))
        kept.append((offset, stop))
        offset = stop + len(source[cut_start:cut_end].decode("utf-8", "ignore"))
        position = cut_end
    state: Literal["whole", "broken", "useless"] = "whole" if whole else "broken" if sound else "useless"
    return _Kept(kept, state, tree if is_all else None)


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
        inner = _inside(children, language)
        first = bisect_left(children, start, key=lambda child: child.end_byte)
        last = bisect_right(children, end, key=lambda child: child.start_byte) - 1
        before, after = first - 1, last + 1
        while before > inner.start and children[before].is_extra:
            before -= 1
        while after < inner.stop - 1 and children[after].is_extra:
            after += 1
        if before > inner.start:
            cuts.append(_cut(source, children[inner.start], children[before]))
        if after < inner.stop - 1:
            cuts.append(_cut_behind(source, children[after], children[inner.stop - 1]))
        if before in inner:
            cuts += _last_of(children[before], source, language)
        if after in inner:
            cuts += _first_of(children[after], source, language)
        if first > last or children[last].end_byte - children[first].start_byte <= ENOUGH_BYTES:
            break
        if any(child.is_error for child in children[first : last + 1]):
            return _outside(cuts, start, end), False
        block = _block_in(children[first], start, end, language) if first == last else None
        if block is None:
            cuts += (cut for cut in _last_of(children[first], source, language) if cut[1] <= start)
            cuts += (cut for cut in _first_of(children[last], source, language) if end <= cut[0])
    return _outside(cuts, start, end), True


def _outside(cuts: Iterable[Span], start: int, end: int) -> list[Span]:
    """The cuts that hold something, and nothing of bytes ``start`` to ``end``."""
    return [cut for cut in cuts if cut[0] < cut[1] and (cut[1] <= start or end <= cut[0])]


def _inside(children: Sequence[Node], language: Language) -> range:
    """Which of a block's children stand between its brackets, or the words or tags that open and close it."""
    first, stop = 0, len(children)
    while first < stop and _is_bracket(children[first], language):
        first += 1
    while first < stop and _is_bracket(children[stop - 1], language):
        stop -= 1
    return range(first, stop)


def _is_bracket(node: Node, language: Language) -> bool:
    return not node.is_named or node.type in language.brackets


def _block_in(node: Node, start: int, end: int, language: Language) -> Node | None:
    """The outermost block, ``node`` or in it, that holds bytes ``start`` to ``end``."""
    while node.type not in language.blocks:
        around = [child for child in node.children if child.start_byte <= start and end <= child.end_byte]
        if len(around) != 1:
            return None
        node = around[0]
    return node


def _last_of(node: Node, source: bytes, language: Language) -> Iterable[Span]:
    """What can be left out of a sibling before the gaps: in its last blocks, all but the last child."""
    while node.end_byte - node.start_byte > NEIGHBOUR_BYTES and node.children:
        children = node.children
        inner = _inside(children, language)
        if node.type in language.blocks and inner:
            if len(inner) > 1:
                yield _cut(source, children[inner.start], children[inner.stop - 1])
            node = children[inner.stop - 1]
        else:
            blocks = (child for child in reversed(children) if child.type in language.blocks)
            node = next(blocks, children[inner.stop - 1])


def _first_of(node: Node, source: bytes, language: Language) -> Iterable[Span]:
    """What can be left out of a sibling after the gaps: in its first blocks, all but the first child."""
    while node.end_byte - node.start_byte > NEIGHBOUR_BYTES and node.children:
        children = node.children
        inner = _inside(children, language)
        if node.type in language.blocks and inner:
            last = children[inner.stop - 1]
            node = next((child for child in children[inner.start : inner.stop] if not child.is_extra), last)
            yield _cut_behind(source, node, last)
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


def _cut_behind(source: bytes, kept: Node, last: Node) -> Span:
    """From behind ``kept`` to the end of its sibling ``last``, but for the line break that may end that."""
    dropped = source[kept.end_byte : last.end_byte]
    return kept.end_byte, kept.end_byte + len(dropped.rstrip())
