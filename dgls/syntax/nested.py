"""Languages inside languages: a script in a page, a code fence in a text.

What stands in such a node is judged by its own language, over its own text alone. The language around it has one
question left: whether the node still ends where it ended, or the fill ends it, as `</script>` would.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

from tree_sitter import Node, Tree

from dgls.infill.request import Gap
from dgls.syntax.language import GrammarMissing, Language, LanguageError, Nested, language_of
from dgls.syntax.tree import Clock, characters, parse, parseable
from dgls.syntax.view import Span, View
from dgls.syntax.walk import walk

BUDGET_MS = 500.0
MANY_CHILDREN = 20_000
"""Children of one node; more are not searched for the one that holds a gap."""


class Held(NamedTuple):
    """A node that holds all gaps, and whose text is in a language of its own."""

    language: Language | None
    """None where its grammar is not at hand."""
    text: str
    gaps: tuple[Gap, ...]
    """In ``text``, which is that of the node, without what a line of the outer language begins with."""
    shell: "Shell"
    missing: str = ""
    """What to install, where the grammar is one that dgls knows but that is not installed."""


class Shell:
    """What stands around the text of a node in the outer language."""

    def __init__(self, view: View, node_type: str, prefixed: bool, language: Language, clock: Clock):
        self.prefixed = prefixed
        """Whether lines of the node begin with what belongs to the outer language, as `> ` in a quotation."""
        self._view, self._type, self._language = view, node_type, language
        source, spans = view.filled([_filler(before, after) for before, after in pairwise(view.parts)])
        node = self._node(source, spans, clock)
        self._edges = None if node is None else (node.start_byte, len(source) - node.end_byte)

    def broken_at(self, fills: Sequence[str], clock: Clock) -> tuple[int, int] | None:
        """Where ``fills`` end the node: the number of the fill, and the characters of it before that; None if not."""
        if self._edges is None or not any(fill.strip() for fill in fills):
            return None
        source, spans = self._view.filled(fills)
        node = self._node(source, spans, clock)
        if clock.late() or (node and (node.start_byte, len(source) - node.end_byte) == self._edges):
            return None
        end = node.end_byte if node else spans[0][0]
        gap = next((index for index, span in enumerate(spans) if end <= span[1]), 0)
        low, high = spans[gap]
        return gap, characters(source, low, min(max(low, end), high))

    def _node(self, source: bytes, spans: Sequence[Span], clock: Clock) -> Node | None:
        """The node that begins with, or before, the first of ``spans``."""
        tree = parse(source, self._language, clock)
        if tree is None:
            return None
        path = _path(tree.root_node, spans[0][0], spans[0][0] + 1)
        return next((node for node in path if node.type == self._type), None)


def held_by(
    text: str, gaps: Sequence[Gap], language: Language, clock: Clock
) -> Held | Literal["unclear"] | None:
    """The node that holds all ``gaps`` of ``text`` and is in another language; None if no gap is in such a node.

    `unclear` where they are not all in the same, where nothing ends it yet, or the time was up before that was told.
    """
    if not language.description.nested:
        return None
    probed, places = _probed(text, gaps)
    source = probed.encode()
    spans = [(len(probed[:start].encode()), len(probed[:end].encode())) for start, end in places]
    tree = parse(source, language, clock)
    if tree is None:
        return "unclear"
    hull = (spans[0][0], spans[-1][1])
    found = _nested_in(tree.root_node, source, hull, language)
    if found is None:
        alone = any(_nested_in(tree.root_node, source, span, language) for span in spans)
        return "unclear" if alone else None
    node, around, inner = found
    if node.end_byte == around.end_byte:  # the fill may be what ends it
        return "unclear"
    pieces, prefixed = _pieces(node, source, inner.rule.continuation)
    shell_parts = _parts([(around.start_byte, around.end_byte)], source, spans)
    originals = ["" for _ in gaps]
    shell = Shell(
        View(shell_parts, originals, language, clock.budget_ms), node.type, prefixed, language, clock
    )
    inner_text, inner_gaps = "", list[Gap]()
    for part, gap in zip(_parts(pieces, source, spans), [*gaps, None], strict=True):
        inner_text += part
        if gap is not None:
            start = len(inner_text)
            inner_text += text[gap.start : gap.end]
            inner_gaps.append(Gap(start, len(inner_text)))
    return Held(inner.language, inner_text, tuple(inner_gaps), shell, inner.missing)


def in_one_language(text: str, gaps: Sequence[Gap], language: Language, budget_ms: float = BUDGET_MS) -> bool:
    """Whether all ``gaps`` can be judged together: they are in one node of another language, or none is in any."""
    return held_by(parseable(text), gaps, language, Clock(budget_ms)) != "unclear"


def missing_inside(text: str, gaps: Sequence[Gap], language: Language, budget_ms: float = BUDGET_MS) -> str:
    """What to install for the language inside ``language`` that ``gaps`` are in; empty where nothing is missing."""
    return _missing(parseable(text), gaps, language, Clock(budget_ms))


def _missing(text: str, gaps: Sequence[Gap], language: Language, clock: Clock) -> str:
    held = held_by(text, gaps, language, clock)
    if not isinstance(held, Held):
        return ""
    return held.missing if held.language is None else _missing(held.text, held.gaps, held.language, clock)


class InnerText(NamedTuple):
    """The text of a node that is in another language, at hand.

    ``pieces`` are its bytes in the source around it: several, where its lines begin with what is of the outer language.
    """

    language: Language
    pieces: list[Span]

    def of(self, source: bytes) -> bytes:
        """The text, out of the ``source`` around it."""
        return b"".join(source[start:end] for start, end in self.pieces)

    def outward(self, span: Span) -> Span:
        """Where bytes ``span`` of the text are in the source around it."""
        starts = [0, *accumulate(end - start for start, end in self.pieces[:-1])]
        first = bisect_right(starts, span[0]) - 1
        last = first if span[0] == span[1] else bisect_left(starts, span[1]) - 1
        return (
            self.pieces[first][0] + span[0] - starts[first],
            self.pieces[last][0] + span[1] - starts[last],
        )

    def inward(self, span: Span) -> Span | None:
        """Where bytes ``span`` of the source around it are in the text; None where an end is not in it."""
        places = []
        for place in span:
            before = 0
            for start, end in self.pieces:
                if start <= place <= end:
                    places.append(before + place - start)
                    break
                before += end - start
        return (places[0], places[1]) if len(places) == 2 else None


def inner_texts(
    tree: Tree, source: bytes, language: Language, within: Span, clock: Clock
) -> Iterator[InnerText]:
    """The nodes of ``tree`` that touch ``within`` and are in a language at hand. Ends early when the time is up."""
    types = {rule.node for rule in language.description.nested}
    if not types:
        return
    for node in walk(
        tree.root_node, lambda node: node.start_byte <= within[1] and within[0] <= node.end_byte
    ):
        if clock.late():
            return
        around = node.parent if node.type in types else None
        inner = None if around is None else _inner(around, node, source, language)
        if inner is not None and inner.language is not None:
            yield InnerText(inner.language, _pieces(node, source, inner.rule.continuation)[0])


def _filler(before: bytes, after: bytes) -> str:
    """Something to stand between two parts: a line of its own, where it would join two lines else."""
    starts_line = not before or before.endswith(b"\n")
    ends_line = not after or after.startswith((b"\n", b"\r"))
    return "x\n" if starts_line and not ends_line else "x"


class _Inner(NamedTuple):
    rule: Nested
    language: Language | None
    missing: str


def _probed(text: str, gaps: Sequence[Gap]) -> tuple[str, list[Span]]:
    """``text`` with something in its empty gaps, and where the gaps are then: a node without text may not show."""
    pieces, places, end, length = list[str](), list[Span](), 0, 0
    for gap in gaps:
        original = text[gap.start : gap.end]
        starts_line = gap.start == 0 or text[gap.start - 1] == "\n"
        ends_line = gap.end == len(text) or text[gap.end] == "\n"
        held = original or ("x\n" if starts_line and not ends_line else "x")
        start = length + gap.start - end
        pieces += (text[end : gap.start], held)
        length = start + len(held)
        places.append((start, length))
        end = gap.end
    return "".join([*pieces, text[end:]]), places


def _nested_in(root: Node, source: bytes, span: Span, language: Language) -> tuple[Node, Node, _Inner] | None:
    """The node around ``span`` that is in another language, and the one around that."""
    path = _path(root, *span)
    for around, node in pairwise(path):
        if inner := _inner(around, node, source, language):
            return node, around, inner
    return None


def _inner(around: Node, node: Node, source: bytes, language: Language) -> _Inner | None:
    """What ``node``, directly in ``around``, is in, if that is another language: the first rule that matches counts."""
    for rule in language.description.nested:
        if node.type != rule.node or around.type != rule.inside:
            continue
        opening = source[around.start_byte : node.start_byte].decode("utf-8", "ignore")
        match = re.match(rule.opening, opening)
        if match is not None:
            return _named(rule, match.groupdict().get("language") or rule.language)
    return None


def _named(rule: Nested, name: str) -> _Inner:
    """The language of a rule by the word that people write: an id or a file ending."""
    try:
        return _Inner(rule, language_of(name.lower(), f"x.{name.lower()}"), "")
    except (GrammarMissing, LanguageError) as error:
        return _Inner(rule, None, str(error))


def _path(root: Node, start: int, end: int) -> list[Node]:
    """The nodes around bytes ``start`` to ``end``, outermost first."""
    path = [root]
    while path[-1].child_count <= MANY_CHILDREN:
        inside = (
            child
            for child in path[-1].children
            if child.start_byte <= start and end <= child.end_byte and child.start_byte < child.end_byte
        )
        child = next(inside, None)
        if child is None:
            break
        path.append(child)
    return path


def _pieces(node: Node, source: bytes, continuation: str) -> tuple[list[Span], bool]:
    """The bytes of ``node`` without those of its children of type ``continuation``, and whether these have any."""
    cuts = [child.byte_range for child in node.children if child.type == continuation]
    pieces, end = list[Span](), node.start_byte
    for start, stop in cuts:
        pieces.append((end, start))
        end = stop
    prefixed = any(start < stop for start, stop in cuts)
    line = source.rfind(b"\n", 0, node.start_byte) + 1
    prefixed = prefixed or (bool(continuation) and line < node.start_byte)
    return [*pieces, (end, node.end_byte)], prefixed


def _parts(kept: Sequence[Span], source: bytes, spans: Sequence[Span]) -> list[str]:
    """What of the bytes ``kept`` stands before, between and after ``spans``."""
    parts, end = list[str](), 0
    for start, stop in [*spans, (len(source), len(source))]:
        stretches = (source[max(low, end) : min(high, start)] for low, high in kept)
        parts.append(b"".join(stretches).decode("utf-8", "ignore"))
        end = stop
    return parts
