"""Small corrections to a good candidate or beginning, each of which is taken only where the verdict agrees.

Its indentation becomes that of the file; what it says again of the text behind it is left out; and where it is to be
certain, it ends before the first token that is not. Of a candidate that only repeats, nothing is left.
"""

from collections.abc import Sequence

from dgls.infill.beginning import shortened_before
from dgls.infill.candidate import Candidate, Judged
from dgls.infill.indent import indented, outdented, unit_near
from dgls.infill.judge import judge
from dgls.infill.request import FillRequest
from dgls.syntax import Fragment
from dgls.syntax.repetition import repeats_from

LINE_ENDS = ("", "\r", "\n")
"""What stands behind a gap that ends its line; blanks before it say nothing."""


def straightened(request: FillRequest, fragment: Fragment | None, judged: Sequence[Judged]) -> list[Judged]:
    """Those of ``judged`` that are not good as they are, but with the file's indentation."""
    if not request.at_cursor:
        return []
    wrong = [one for one in judged if not one.is_good]
    return [fresh for one in wrong if (fresh := _indented(request, fragment, one)).is_good]


def tidied(request: FillRequest, fragment: Fragment | None, judged: Sequence[Judged]) -> list[Judged]:
    """``judged`` with what is good put right, and left out where nothing of it is left to say."""
    if not request.at_cursor:
        return list(judged)
    fresh = (_tidied(request, fragment, one) if one.is_good else one for one in judged)
    return [one for one in fresh if one is not None]


def _tidied(request: FillRequest, fragment: Fragment | None, one: Judged) -> Judged | None:
    one = _indented(request, fragment, one)
    around = fragment
    if fragment and fragment.unclosed and one.candidate.canvas.closed:
        around = fragment.unclosed
    start = repeats_from(around, one.candidate.drawn[0]) if around else None
    if start is not None:
        shorter = judge(
            request, fragment, one.candidate.shortened_to(one.candidate.drawn[0][:start].rstrip())
        )
        if not shorter.is_good:
            return None
        one = shorter
    doubt = _first_doubt(one.candidate, request.confident)
    if fragment and doubt is not None:
        one = next(shortened_before(request, fragment, one.candidate, doubt), one)
    return one


def _indented(request: FillRequest, fragment: Fragment | None, one: Judged) -> Judged:
    [gap], [drawn] = request.gaps, one.candidate.drawn
    head = request.text[request.text.rfind("\n", 0, gap.start) + 1 : gap.start]
    unit = unit_near(request.text, gap.start) if "\n" in drawn else ""  # of other lines than the first
    ends_line = not one.candidate.canvas.closed and request.text[gap.end : gap.end + 1] in LINE_ENDS
    [spelled] = one.candidate.gaps
    for text in dict.fromkeys(indented(fill, head, unit) for fill in (outdented(drawn, head), drawn)):
        text = text.rstrip() if ends_line else text
        if text == drawn:
            return one
        fresh = judge(request, fragment, one.candidate._replace(gaps=(spelled.worded(text),)))
        if fresh.is_good:
            return fresh
    return one


def _first_doubt(candidate: Candidate, least: float) -> int | None:
    """Where the first token begins that is less certain than ``least``, behind one that says something."""
    [gap] = candidate.gaps
    for start, end, certainty in zip(gap.starts, gap.ends, gap.certainty, strict=False):
        if certainty < least and start < end and gap.text[:start].strip():
            return start
    return None
