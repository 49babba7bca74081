"""Faults of a text as its user wrote it, and the single-token edits that may mend one: what the parser misses first.

Where a parser gives up, it seldom says what it wanted: inside an ERROR most states are unknown. So beside what is
MISSING and what may follow a known state, the language's own brackets, quotes and separators are tried, and each edit
counts for what the parser says of the text with it.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from functools import lru_cache
from itertools import product, zip_longest
from typing import NamedTuple

from tree_sitter import Node, Point, Tree

from dgls.infill.request import Gap
from dgls.syntax.expected import state_after
from dgls.syntax.language import Language
from dgls.syntax.nested import inner_texts
from dgls.syntax.predicates import Span
from dgls.syntax.tags import missing_end_tags
from dgls.syntax.tidy import BRACKETS, untidiness
from dgls.syntax.tree import Clock, Site, characters, line_end, parse, parseable, wrong_sites
from dgls.syntax.walk import faulty_nodes, walk

BUDGET_MS = 1_000.0
PLACES = 24
"""Places at which tokens are put in or taken out, at most: those nearest to the fault."""
LINES = 12
"""Lines looked at behind the beginning of a fault and before its end: an ERROR can hold a whole file."""
SIGNS = tuple(")]}:,;({[=.<>")
CLOSERS = (b")", b"]")
MOST_WORDS = 24
"""Words and signs tried at a place where the parser knows what may follow."""


class Trouble(NamedTuple):
    """What is wrong at characters ``start`` to ``end`` of a text, as ``language`` sees it: the text's or one inside."""

    start: int
    end: int
    message: str
    language: Language


_ByteEdit = tuple[int, int, bytes]
"""Bytes to replace, and what with."""


class _Tried(NamedTuple):
    """An edit, the source with it, and the tree of that."""

    edit: _ByteEdit
    changed: bytes
    tree: Tree


class Edit(NamedTuple):
    """Characters ``start`` to ``end`` of a text are replaced by ``text``."""

    start: int
    end: int
    text: str


def troubles(
    text: str, language: Language, span: Gap | None = None, budget_ms: float = BUDGET_MS
) -> list[Trouble] | None:
    """What is wrong in ``text`` and touches ``span``, by its place; None if the time was up before the end.

    What is in languages inside the text's is judged by their own rules.
    """
    source = parseable(text).encode()
    sites = _sites(source, language, Clock(budget_ms))
    if sites is None:
        return None
    found: list[Trouble] = []
    position = offset = 0
    for site, own in sorted(sites, key=lambda found: (found[0].start, -found[0].end)):
        offset += characters(source, position, site.start)
        position = site.start
        end = offset + characters(source, site.start, site.end)
        if span is None or (offset <= span.end and end >= span.start):
            found.append(Trouble(offset, end, site.message, own))
    return found


def _sites(source: bytes, language: Language, clock: Clock) -> list[tuple[Site, Language]] | None:
    """All that is wrong in ``source``, and by which language; None if the time was up before the end."""
    tree = parse(source, language, clock)
    sites = None if tree is None else wrong_sites(tree, source, language, clock)
    if tree is None or sites is None:
        return None
    found = [(site, language) for site in sites]
    for inner in inner_texts(tree, source, language, (0, len(source)), clock):
        inside = _sites(inner.of(source), inner.language, clock)
        if inside is None:
            return None
        for site, own in inside:
            start, end = inner.outward((site.start, site.end))
            found.append((site._replace(start=start, end=max(start, end)), own))
    return None if clock.late() else found


class Wrongness(NamedTuple):
    """How much is wrong in a text.

    ``extent`` counts the characters that are wrong, and one for each fault: one ERROR around everything is worse than
    two small ones. ``stumble`` is where the parser stumbled first, innermost: behind the last character if never.
    """

    extent: int
    stumble: int

    def is_less(self, than: "Wrongness", shrunk: int = 0) -> bool:
        """Whether less is wrong, and not only because there are ``shrunk`` fewer characters."""
        further = self.stumble > than.stumble and self.extent <= than.extent
        return self.extent == 0 or further or self.extent + max(0, shrunk) < than.extent


def wrongness(text: str, found: Sequence[Trouble]) -> Wrongness:
    """How much is wrong in ``text``, in which ``found`` is what is wrong, by its place."""
    covered = end = 0
    for trouble in found:
        covered += max(0, trouble.end - max(end, trouble.start))
        end = max(end, trouble.end)
    innermost = (
        one.start
        for one, following in zip_longest(found, found[1:])
        if following is None or following.start >= one.end
    )
    return Wrongness(covered + len(found), next(innermost, len(text) + 1))


def mending_edits(
    text: str, language: Language, trouble: Trouble, *, two: bool = False, budget_ms: float = BUDGET_MS
) -> list[Edit]:
    """The edits near ``trouble`` after which the parser gets furthest, and least is left of what is wrong.

    They are of one token, or of ``two`` signs that end a line, of the language that ``trouble`` is in. Empty where no
    edit was found in time that makes anything better.
    """
    source = parseable(text).encode()
    start = len(text[: trouble.start].encode())
    span = start, start + len(text[trouble.start : trouble.end].encode())
    found = _mending_edits(source, language, span, trouble.language, two, Clock(budget_ms))
    return [
        Edit(place, place + characters(source, start, end), new.decode())
        for start, end, new in found
        for place in [characters(source, 0, start)]
    ]


def _mending_edits(
    source: bytes, language: Language, span: Span, wanted: Language, two: bool, clock: Clock
) -> list[_ByteEdit]:
    """The edits for what is wrong at bytes ``span`` of ``source``, as ``wanted`` sees it, a language of or in it."""
    tree = parse(source, language, clock)
    if tree is None:
        return []
    for inner in inner_texts(tree, source, language, span, clock) if wanted is not language else ():
        inside = inner.inward(span)
        if inside is not None:
            found = _mending_edits(inner.of(source), inner.language, inside, wanted, two, clock)
            return [(*inner.outward((start, end)), new) for start, end, new in found]
    tagged = None if two else _end_tag(source, tree, language, span, clock)
    if tagged is not None:
        return [tagged]
    before = best = _wrongness(source, tree)
    edits: list[_Tried] = []
    tries = _tries_of_two(source, language, span) if two else _tries(source, tree, language, span)
    for start, end, new in tries:
        if clock.late():
            break
        changed = source[:start] + new + source[end:]
        after = parse(changed, language, clock, _edited(tree, source, changed, (start, end, new)))
        if after is None:
            break
        left = _wrongness(changed, after)
        if left.stumble <= len(changed):  # counted in the text as it was
            left = left._replace(stumble=left.stumble - len(new) + end - start)
        else:
            left = left._replace(stumble=before.stumble + len(source))
        if not left.is_less(before, end - start - len(new)):
            continue
        if not edits or (-left.stumble, left.extent) < (-best.stumble, best.extent):
            best, edits = left, []
        if left == best:
            edits.append(_Tried((start, end, new), changed, after))
    return _tidiest(edits)


def _end_tag(source: bytes, tree: Tree, language: Language, span: Span, clock: Clock) -> _ByteEdit | None:
    """An end tag for what is open at bytes ``span``, after which less is wrong."""
    if not language.brackets:
        return None
    wrong = wrong_sites(tree, source, language, clock)
    for place, closer in missing_end_tags(source, tree, language, span):
        edit = place, place, closer
        changed = source[:place] + closer + source[place:]
        after = parse(changed, language, clock, _edited(tree, source, changed, edit))
        left = None if after is None else wrong_sites(after, changed, language, clock)
        if wrong is None or left is None:
            return None
        if len(left) < len(wrong):
            return edit
    return None


def _edited(tree: Tree, source: bytes, changed: bytes, edit: _ByteEdit) -> Tree:
    """``tree`` of ``source``, told of the ``edit`` that makes ``changed`` of it."""
    start, end, new = edit
    edited = copy(tree)
    edited.edit(
        *(start, end, start + len(new)),
        *(_point(source, start), _point(source, end), _point(changed, start + len(new))),
    )
    return edited


def _tidiest(tried: Sequence[_Tried]) -> list[_ByteEdit]:
    """Those of the edits after which brackets and indentation agree best."""
    first = min((one.edit[0] for one in tried), default=0)
    counts = [untidiness(one.tree, one.changed, first) for one in tried]
    return [one.edit for one, count in zip(tried, counts, strict=True) if count == min(counts)]


def _tries(source: bytes, tree: Tree, language: Language, span: Span) -> Iterator[_ByteEdit]:
    """At places near bytes ``span``, what may follow there, and nothing for a token; at ends of lines, what closes."""
    start, end = span
    line = _line_start(source, start)
    low = len(source[:line].rstrip())  # what the line before ends with may lack something
    leaves = _leaves(tree, low, line_end(source, end), start, end)
    missing = [node.type.encode() for node in leaves if node.is_missing and not node.is_named]
    near = sorted(
        (node for node in leaves if not node.is_missing),
        key=lambda node: min(
            abs(node.end_byte - start), abs(node.end_byte - end), abs(node.start_byte - start)
        ),
    )[:PLACES]
    usual = _usual(language)
    for node in near:
        following = [word.encode() for word in _following(node, language)]
        for token in dict.fromkeys((*missing, *following, *usual)):
            yield node.end_byte, node.end_byte, _apart(source, node.end_byte, token)
    for node in near:
        if node.end_byte > node.start_byte >= line and not node.is_named:
            yield node.start_byte, node.end_byte, b""
    for place in _line_ends_before(source, end):
        for closer in BRACKETS.values():
            yield place, place, closer.encode()


def _line_ends_before(source: bytes, end: int) -> Iterator[int]:
    """Where the lines before byte ``end`` end, but for white space and those that are blank; the nearest first."""
    place = len(source[: _line_start(source, end)].rstrip())
    for _ in range(LINES):
        if place == 0:
            return
        yield place
        place = len(source[: _line_start(source, place)].rstrip())


def _tries_of_two(source: bytes, language: Language, span: Span) -> Iterator[_ByteEdit]:
    """At the ends of lines, from the one before bytes ``span`` on, two signs that end what was begun, as `):`."""
    place = len(source[: _line_start(source, span[0])].rstrip())
    for _ in range(LINES):
        line, stop = _line_start(source, place), line_end(source, place)
        end = line + len(source[line:stop].rstrip())
        for closer, sign in product(CLOSERS, _usual(language)):
            yield end, end, closer + sign
        place = stop + 1
        if place > span[1]:
            return


def _apart(source: bytes, place: int, token: bytes) -> bytes:
    """``token`` as it is put in at ``place``: a word does not run into its neighbours."""
    if not token.isalnum():
        return token
    after = source[place : place + 1]
    return b" " + token + (b" " if after.isalnum() or after == b"_" else b"")


def _leaves(tree: Tree, low: int, high: int, start: int, end: int) -> list[Node]:
    """The leaves between bytes ``low`` and ``high``, but of many lines those near ``start`` and ``end`` alone."""
    first_row, last_row = _row(tree, start), _row(tree, end)

    def is_near(node: Node) -> bool:
        near = node.start_point.row <= first_row + LINES or node.end_point.row >= last_row - LINES
        return near and node.end_byte >= low and node.start_byte <= high

    return [node for node in walk(tree.root_node, is_near) if node.child_count == 0 and is_near(node)]


def _row(tree: Tree, byte: int) -> int:
    node = tree.root_node.descendant_for_byte_range(byte, byte)
    return 0 if node is None else (node.start_point if node.start_byte >= byte else node.end_point).row


def _line_start(source: bytes, place: int) -> int:
    return source.rfind(b"\n", 0, place) + 1


def _following(leaf: Node, language: Language) -> list[str]:
    """The words and signs that the parser's state after ``leaf`` admits."""
    grammar = language.grammar
    state = state_after(leaf, language)
    iterator = grammar.lookahead_iterator(state) if 0 < state < grammar.parse_state_count else None
    if iterator is None:
        return []
    return [
        grammar.node_kind_for_id(symbol) or ""
        for symbol in iterator.symbols()
        if grammar.node_kind_is_visible(symbol) and not grammar.node_kind_is_named(symbol)
    ][:MOST_WORDS]


@lru_cache(maxsize=64)
def _usual(language: Language) -> tuple[bytes, ...]:
    """Brackets, separators and quotes of the language: what is forgotten most."""
    grammar = language.grammar
    signs = [sign for sign in SIGNS if grammar.id_for_node_kind(sign, False)]
    strings = language.description.strings
    return tuple(sign.encode() for sign in (*signs, *strings.single_line))


def _wrongness(source: bytes, tree: Tree) -> Wrongness:
    """How much of ``tree`` does not parse, in bytes: its ERRORs, outermost, and one for each fault."""
    extent = end = 0
    stumble = len(source) + 1
    for node in faulty_nodes(tree.root_node):
        if node.is_error or node.is_missing:
            extent += 1 + max(0, node.end_byte - max(end, node.start_byte))
            end = max(end, node.end_byte)
            if stumble > len(source) and not any(child.has_error for child in node.children):
                stumble = node.start_byte
    return Wrongness(extent, stumble)


def _point(source: bytes, offset: int) -> Point:
    return Point(source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1)
