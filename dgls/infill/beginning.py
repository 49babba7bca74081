"""The good beginnings of candidates that are not good as they are: the model's own words, up to where they are right.

A beginning ends with a statement if there is such a one, else with a line, else with a token.
"""

import re
from collections.abc import Iterator, Sequence

from dgls.infill.candidate import Candidate, Judged
from dgls.infill.judge import judge
from dgls.infill.request import FillRequest
from dgls.syntax import Fragment, statement_ends

IN_WORD = re.compile(r"\w\w")
BEGINNINGS = 48
"""How many beginnings of one candidate are looked at, at most."""


def beginnings(request: FillRequest, fragment: Fragment, judged: Sequence[Judged]) -> list[Judged]:
    """The longest good beginning of each of ``judged`` that has the best kind of end of them all, longest first."""
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
            return sorted(found, key=_length, reverse=True)
    return []


def sound_end(request: FillRequest, fragment: Fragment, candidate: Candidate) -> int:
    """How many characters of a candidate for one gap are right by themselves; 0 for several gaps."""
    if len(request.gaps) > 1:
        return 0
    ends = _token_ends(fragment, candidate)
    longest = next(_good_beginning(request, fragment, candidate, ends), None)
    return len(longest.candidate.drawn[0].rstrip()) if longest else 0


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


def _length(one: Judged) -> tuple[int, float]:
    return len(one.candidate.drawn[0].strip()), one.candidate.likelihood


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
