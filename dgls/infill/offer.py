"""From candidates to what is offered: only what adds no fault and says something, best first.

Where no candidate is good as it is, the longest good beginning of one is offered: it ends with a statement if there is
such a one, else with a line, else with a token. It is never anything but the model's own words.
"""

import re
from collections.abc import Iterator, Sequence

from dgls.infill.candidate import Candidate, Judged
from dgls.infill.request import Fill, FillRequest
from dgls.syntax import Fragment, Verdict, encoding_faults, silent_gaps, statement_ends, verdict

IN_WORD = re.compile(r"\w\w")
BEGINNINGS = 48
"""How many beginnings of one candidate are looked at, at most."""


def judge(request: FillRequest, fragment: Fragment | None, candidate: Candidate) -> Judged:
    """What is wrong with a candidate; without a fragment, only bytes that are no text, and blanks."""
    silent = silent_gaps(fragment, request.originals, candidate.drawn)
    if fragment and fragment.unclosed and candidate.canvas.closed:
        # What it keeps is none of its doing: code that has begun may be wrong right there.
        return Judged(candidate, verdict(fragment.unclosed, candidate.drawn), silent)
    if fragment:
        return Judged(candidate, verdict(fragment, candidate.texts), silent)
    return Judged(candidate, Verdict(tuple(encoding_faults(candidate.texts)), checked=False), silent)


def offers(
    request: FillRequest,
    fragment: Fragment | None,
    judged: Sequence[Judged],
    nfe: int,
) -> list[Fill]:
    """The distinct good ones of ``judged``, best first, or else a good beginning of one."""
    good = [one for one in judged if one.is_good]
    if not good and fragment and len(request.gaps) == 1 and not request.keeps:
        good = list(_best_beginning(request, fragment, judged))
    present = request.originals
    fills: dict[tuple[str, ...], Fill] = {}
    for candidate, ruling, _ in sorted(good, key=rank):
        texts = candidate.texts
        if texts != present and texts not in fills and _is_text(texts):
            fills[texts] = Fill(
                texts, candidate.confidence, ruling.checked, candidate.repaired, nfe, candidate.shortened
            )
    return list(fills.values())


def sound_end(request: FillRequest, fragment: Fragment, candidate: Candidate) -> int:
    """How many characters of a candidate for one gap are right by themselves; 0 for several gaps."""
    if len(request.gaps) > 1:
        return 0
    ends = _token_ends(fragment, candidate)
    longest = next(_good_beginning(request, fragment, candidate, ends), None)
    return len(longest.candidate.drawn[0].rstrip()) if longest else 0


def rank(judged: Judged) -> tuple[bool, int, float]:
    """Checked before unchecked, then what leaves less that is wrong, then by likelihood."""
    candidate, ruling, _ = judged
    return not ruling.checked, ruling.remaining, -candidate.likelihood


def _best_beginning(request: FillRequest, fragment: Fragment, judged: Sequence[Judged]) -> Iterator[Judged]:
    """The longest good beginning of any of ``judged``, with the best kind of end that one has."""
    [original] = request.originals
    original = original.removesuffix(request.closed_text)
    # Less than whole statements would be no fair trade for code that stood there.
    kinds = (_statement_ends,) if original.strip() and not fragment.holes else BEGINNING_ENDS
    for ends in kinds:
        found = [
            beginning
            for candidate, *_ in judged
            if not request.overdue
            for beginning in _good_beginning(request, fragment, candidate, ends(fragment, candidate))
        ]
        if found:
            yield max(found, key=lambda one: (len(one.candidate.drawn[0].strip()), one.candidate.likelihood))
            return


def shortened_before(
    request: FillRequest, fragment: Fragment, candidate: Candidate, limit: int
) -> Iterator[Judged]:
    """The longest good beginning of at most ``limit`` characters, with the best kind of end that there is; if any."""
    for ends in BEGINNING_ENDS:
        within = [end for end in ends(fragment, candidate) if end <= limit]
        yield from _good_beginning(request, fragment, candidate, within)


def _good_beginning(
    request: FillRequest, fragment: Fragment, candidate: Candidate, ends: Sequence[int]
) -> Iterator[Judged]:
    """The longest good one of the beginnings of a candidate that end at ``ends``, which ascend; if any.

    Where the candidate ended with a line break, so does its beginning, if that is good.
    """
    [text] = candidate.drawn
    body = len(text.rstrip())
    blank = text[body:]
    tails = dict.fromkeys((blank, blank[: blank.rfind("\n") + 1], ""))
    inside = [end for end in ends if 0 < end <= body and text[:end].strip()]
    for end in inside[: -BEGINNINGS - 1 : -1]:
        for tail in tails:
            if request.overdue:
                return
            beginning = judge(request, fragment, candidate.shortened_to(text[:end] + tail))
            if beginning.is_good:
                yield beginning
                return


def _statement_ends(fragment: Fragment, candidate: Candidate) -> list[int]:
    return statement_ends(fragment, candidate.texts, 0)


def _line_ends(fragment: Fragment, candidate: Candidate) -> list[int]:
    return [index for index, character in enumerate(candidate.drawn[0]) if character == "\n"]


def _token_ends(fragment: Fragment, candidate: Candidate) -> list[int]:
    """The ends of tokens, but for those inside a word: half a name is no word of the model's."""
    [text] = candidate.drawn
    return [end for end in sorted(set(candidate.gaps[0].ends)) if not IN_WORD.match(text, max(0, end - 1))]


BEGINNING_ENDS = (_statement_ends, _line_ends, _token_ends)
"""Where a beginning may end, the best kind of end first."""


def _is_text(texts: Sequence[str]) -> bool:
    """Whether all ``texts`` are sound Unicode: bytes that are not UTF-8 stand in them as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)
