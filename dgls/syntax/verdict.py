"""Verdicts: what a fill answers for.

Code under edit is rarely whole. So a fill is at fault where (a) something wrong overlaps or touches it, unless
something wrong already contained the whole gap, or stood beside it, before; or where (b) the fragment has more that
is wrong than the lesser of: the gaps empty, the original text in them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from dgls.syntax.fragment import Fragment
from dgls.syntax.taken import takers
from dgls.syntax.tree import Clock, Site, characters, parse
from dgls.syntax.view import Baseline, Parsed, Span, View


class Fault(NamedTuple):
    """A place in a fill that is wrong: characters ``start`` to ``end`` of the fill of gap number ``gap``.

    What is wrong beside the fill, but because of it, is clipped to its edge; what is wrong further away is put on
    the whole fill of the nearest gap.
    """

    gap: int
    start: int
    end: int
    kind: Literal["error", "missing", "invalid", "encoding"]
    message: str


class Verdict(NamedTuple):
    """The faults of some fills; ``checked`` is False where the time was up before they could be found.

    ``excused`` is what is wrong at the fills but was so before them, as an unclosed bracket in front of the cursor:
    a fill need not mend it, but one that does is better. ``remaining`` counts all that is wrong around the gaps.
    """

    faults: tuple[Fault, ...]
    checked: bool = True
    excused: tuple[Fault, ...] = ()
    remaining: int = 0

    @property
    def ok(self) -> bool:
        """No fault was found; that is a verdict only if ``checked``."""
        return not self.faults


def verdict(fragment: Fragment, fills: Sequence[str]) -> Verdict:
    """The faults that ``fills``, one per gap of the fragment, answer for. Raises ValueError for another number."""
    if len(fills) != fragment.gap_count:
        raise ValueError(f"expected one fill for each of {fragment.gap_count} gaps, got {len(fills)}")
    garbled = tuple(encoding_faults(fills))
    if garbled:
        return Verdict(garbled)
    clock = Clock(fragment.budget_ms)
    for shell in fragment.shells:
        broken = shell.broken_at(fills, clock)
        if broken is not None:
            gap, start = broken
            return Verdict(
                (Fault(gap, start, len(fills[gap]), "error", "this ends what the code stands in"),)
            )
    if any(shell.prefixed for shell in fragment.shells) and any("\n" in fill for fill in fills):
        return Verdict((), checked=False)  # its lines begin with what is not in the inner language
    parsed = None if fragment.gave_up else fragment.view.parsed(fills, clock)
    ruling = None if parsed is None else _ruling(fragment.view, fills, parsed)
    if parsed is None or ruling is None:
        fragment.gave_up = True
        return Verdict((), checked=False)
    if ruling.faults and _is_excused(fragment, fills, clock):
        ruling = Verdict(())
    if ruling.faults:
        return ruling
    taken = (
        Fault(gap, 0, len(fills[gap]), "invalid", "this takes in the code behind it")
        for gap in takers(fragment, parsed)
    )
    return ruling._replace(faults=(*taken, *_joined_words(fragment, fills)))


def _is_excused(fragment: Fragment, fills: Sequence[str], clock: Clock) -> bool:
    """Whether what is wrong in code that was broken before is not the fills' doing, seen in another way.

    Either all is well without the broken code before the gaps, or the fills make the whole text right.
    """
    was_whole = any(not baseline.sites for baseline in fragment.view.baselines or ())
    if was_whole and fragment.is_certain:
        return False
    layout = None if was_whole else fragment.layout_view(fills)
    if layout is not None and layout.is_right(fills, clock):
        return True
    return fragment.whole_text is not None and fragment.whole_text.is_right(fills, clock)


def statement_ends(fragment: Fragment, fills: Sequence[str], gap: int) -> list[int]:
    """Where the fill of gap number ``gap`` may end by ``blocks.scm``: its character offsets, ascending, 0 excluded.

    Empty where the time was up. What follows a fault in the fill may not be seen as statements.
    """
    if len(fills) != fragment.gap_count:
        raise ValueError(f"expected one fill for each of {fragment.gap_count} gaps, got {len(fills)}")
    if fragment.gave_up:
        return []
    source, spans = fragment.view.filled(fills)
    start, end = spans[gap]
    clock = Clock(fragment.budget_ms)
    tree = parse(source, fragment.language, clock)
    if tree is None:
        return []
    ends = fragment.language.ends.within(tree.root_node, source, (start, end), clock.late)
    return [characters(source, start, position) for position in ends or ()]


JOINED = "this runs into the word beside it"
_WORD = re.compile(r"\w*")
LONGEST_CHARACTER = 4
"""Bytes of UTF-8."""


def _joined_words(fragment: Fragment, fills: Sequence[str]) -> Iterator[Fault]:
    """The words of fills that run into one beside their gap, where what stood in the gap kept words apart.

    So a fill cannot make another name of what is pinned beside it.
    """
    parts = fragment.view.parts
    for gap, (fill, original) in enumerate(zip(fills, fragment.originals, strict=True)):
        if not original:
            continue
        before = parts[gap][-LONGEST_CHARACTER:].decode("utf-8", "ignore")[-1:]
        behind = parts[gap + 1][:LONGEST_CHARACTER].decode("utf-8", "ignore")[:1]
        if _is_in_word(before) and _is_in_word((fill or behind)[0:1]) and not _is_in_word(original[0]):
            yield Fault(gap, 0, _word_length(fill), "invalid", JOINED)
        elif _is_in_word(behind) and _is_in_word(fill[-1:]) and not _is_in_word(original[-1]):
            yield Fault(gap, len(fill) - _word_length(fill[::-1]), len(fill), "invalid", JOINED)


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _word_length(text: str) -> int:
    """How many characters the word takes with which ``text`` begins."""
    word = _WORD.match(text)
    return word.end() if word else 0


_SURROGATES = re.compile("[\ud800-\udfff]+")


def encoding_faults(fills: Sequence[str]) -> list[Fault]:
    """The lone surrogates in ``fills``: what was decoded from bytes that are not UTF-8."""
    return [
        Fault(gap, match.start(), match.end(), "encoding", "these bytes are not UTF-8")
        for gap, fill in enumerate(fills)
        if not fill.isascii()
        for match in _SURROGATES.finditer(fill)
    ]


def _ruling(view: View, fills: Sequence[str], parsed: Parsed) -> Verdict | None:
    """The verdict on ``fills`` as this view shows them; None if there was no time to tell what was wrong before."""
    source, spans, _, sites = parsed
    if not sites:
        return Verdict(())
    baselines = view.baselines
    if baselines is None:
        return None
    known = {_place(site, baseline.spans) for baseline in baselines for site in baseline.sites}
    faults: list[Fault] = []
    excused: list[Fault] = []
    elsewhere: list[Fault] = []
    for site in sites:
        old = _place(site, spans) in known
        touched = [gap for gap, span in enumerate(spans) if site.start <= span[1] and site.end >= span[0]]
        for gap in touched:
            around = site.start < spans[gap][0] and spans[gap][1] < site.end
            beside = site.kind != "invalid" and (site.end <= spans[gap][0] or spans[gap][1] <= site.start)
            was_there = (old and beside) or (around and _was_inside(gap, site, baselines))
            (excused if was_there else faults).append(_clipped(site, gap, source, spans))
        if not touched and not old:
            gap = min(range(len(spans)), key=lambda gap: _distance(site, spans[gap]))
            elsewhere.append(Fault(gap, 0, len(fills[gap]), site.kind, site.message))
    if not faults and len(sites) > min(len(baseline.sites) for baseline in baselines):
        site = sites[0]
        faults = elsewhere or [Fault(0, 0, len(fills[0]), site.kind, site.message)]
    return Verdict(tuple(faults), True, tuple(excused), len(sites))


def _was_inside(gap: int, site: Site, baselines: Sequence[Baseline]) -> bool:
    """Whether something as wrong contained the whole gap before, and more on both sides."""
    return any(
        before.start < baseline.spans[gap][0] and baseline.spans[gap][1] < before.end
        for baseline in baselines
        for before in baseline.sites
        if before.kind == site.kind and before.message == site.message
    )


def _place(site: Site, spans: Sequence[Span]) -> tuple[str, object, object]:
    """A name for a site that stays the same when the fills change length, unless it begins or ends in one."""
    start: object = site.start
    end: object = site.end
    for gap, (low, high) in enumerate(spans):
        if site.start >= low:
            start = (gap, "in", site.start) if site.start < high else (gap, "after", site.start - high)
        if site.end > low:
            end = (gap, "in", site.end) if site.end < high else (gap, "after", site.end - high)
    return site.kind, start, end


def _clipped(site: Site, gap: int, source: bytes, spans: Sequence[Span]) -> Fault:
    low, high = spans[gap]
    start, end = max(low, min(site.start, high)), max(low, min(site.end, high))
    return Fault(gap, characters(source, low, start), characters(source, low, end), site.kind, site.message)


def _distance(site: Site, span: Span) -> int:
    return max(site.start - span[1], span[0] - site.end)
