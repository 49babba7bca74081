"""Holes: what stands in the code where code is still to be written, such as ``...``, ``todo!()`` or an empty body."""

from dgls.infill.request import Gap
from dgls.syntax.language import Language
from dgls.syntax.nested import inner_texts
from dgls.syntax.places import outermost
from dgls.syntax.predicates import Span
from dgls.syntax.tree import Clock, characters, parse, parseable

BUDGET_MS = 500.0


def find_holes(
    text: str, language: Language, span: Gap | None = None, budget_ms: float = BUDGET_MS
) -> list[Gap] | None:
    """The holes of ``text`` that lie in ``span``, or around all of it; all of them without a span.

    Those of languages inside the text's are found by their own rules, unless lines of the outer language cut them.
    The gaps are character offsets, sorted; none overlaps another, since the outermost counts. None where the time was
    up before the end, or the span is too large. Raises ValueError where the span is outside the text.
    """
    span = Gap(0, len(text)) if span is None else span
    if not 0 <= span.start <= span.end <= len(text):
        raise ValueError(f"span {span.start}-{span.end} is outside the text (0 to {len(text)} characters)")
    text = parseable(text)
    source = text.encode()
    clock = Clock(budget_ms)
    first = len(text[: span.start].encode())
    last = first + len(text[span.start : span.end].encode())
    within = max(0, first - 1), min(len(source), last + 1)  # with what an empty span touches
    spans = _hole_spans(source, language, within, clock)
    if spans is None:
        return None
    gaps: list[Gap] = []
    offset, position = 0, 0
    for start, end in spans:
        low = position + characters(source, offset, start)
        high = low + characters(source, start, end)
        offset, position = end, high
        inside = span.start <= low and high <= span.end
        around = low <= span.start and span.end <= high
        if inside or around:
            gaps.append(Gap(low, high))
    return gaps


def _hole_spans(source: bytes, language: Language, within: Span, clock: Clock) -> list[Span] | None:
    """The bytes of the holes that touch ``within``, sorted, with those in languages inside ``language``."""
    tree = parse(source, language, clock)
    spans = None if tree is None else language.holes.spans(tree.root_node, source, clock.late, within)
    if tree is None or spans is None:
        return None
    for inner in inner_texts(tree, source, language, within, clock):
        text = inner.of(source)
        inside = _hole_spans(text, inner.language, (0, len(text)), clock)
        if inside is None:
            return None
        for hole in inside:
            low, high = inner.outward(hole)
            if high - low == hole[1] - hole[0]:
                spans.append((low, high))
    return outermost(spans)
