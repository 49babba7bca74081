"""The job at a cursor: what is written there, and how much of it, is for the syntax tree to say.

The tree tells whether a fill stays on its line, and which brackets and quotes behind the cursor an editor closed by
itself: those belong to the gap, and some candidates keep them. What the fill has to begin with is pinned before it.
"""

from collections.abc import Generator

from msgspec.structs import replace

from dgls.infill.fill import fill_on, fragment_of
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillRequest, Frame, Gap, Prefilled, Run, filled
from dgls.model.host import Host
from dgls.syntax.cursor import place_of


def complete(host: Host, kept: Kept, request: FillRequest) -> Generator[Frame | Prefilled, None, Answer]:
    """Fill the one gap of ``request``. The answer names the gap that its fills are for, which may be longer."""
    [gap] = request.gaps
    inner = placed(request)
    outer = (Gap(gap.start, gap.end + inner.closed),)
    begun = (Run(request.begins, 1.0),) if request.begins else ()
    steps = fill_on(host, kept, inner)
    while True:
        try:
            step = next(steps)
        except StopIteration as finished:
            answer: Answer = finished.value
            fills = (fill._replace(texts=(request.begins + fill.texts[0],)) for fill in answer.fills)
            return answer._replace(fills=tuple(fills), gaps=outer)
        if isinstance(step, Frame):
            step = step._replace(gaps=outer, drafts=((*begun, *step.drafts[0]),))
        yield step


def placed(request: FillRequest) -> FillRequest:
    """``request`` as one for a gap right behind what the fill begins with."""
    [gap] = request.gaps
    text = filled(request.text, request.gaps, [request.begins])
    cursor = gap.start + len(request.begins)
    part = request.part and Gap(request.part.start, request.part.end + len(text) - len(request.text))
    inner = replace(request, text=text, gaps=(Gap(cursor, cursor),), part=part, find=None, begins="")
    low, high = part or (0, len(text))
    start = max(text.rfind("\n", low, cursor) + 1, low)
    end = text.find("\n", cursor, high)
    place = place_of(fragment_of(inner), text[start:cursor], text[cursor : high if end < 0 else end])
    closed = 0 if request.begins else place.closed  # who has selected something says what is replaced
    return replace(inner, gaps=(Gap(cursor, cursor + closed),), single_line=place.single_line, closed=closed)
