"""Filling the holes of a span: those that fit into one canvas jointly, the rest in order, each seeing earlier answers.

Several gaps of which each is its own, as of several cursors, are filled the same way: what is said of holes is theirs.
Holes that find no answer together are tried in halves, down to single ones; what finds none stays as it is. All
answers together are one fill.
"""

from collections import deque
from collections.abc import Generator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from dgls.infill.canvas import fit_together
from dgls.infill.fill import fill_gaps
from dgls.infill.found import holes_of, language_at_hand
from dgls.infill.request import Answer, Fill, FillRequest, Frame, Gap, Prefilled, Run, filled
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore
from dgls.syntax.nested import in_one_language


class Filled(NamedTuple):
    """What some holes (by number) were filled with, and how sure that is."""

    holes: range
    fill: Fill


def fill_holes(
    host: Host, store: PrefixStore, request: FillRequest
) -> Generator[Frame | Prefilled, None, Answer]:
    """Fill the holes in the gaps of ``request``, or each gap; the answer's ``left`` counts those that stay as they are.

    Where all holes are filled at once there is a fill per candidate, else one. Raises
    :class:`dgls.infill.request.FillError` where holes cannot be found, for want of a grammar.
    """
    holes = holes_of(request) if request.find == "holes" else request.gaps
    done: list[Filled] = []
    nfe = rejected = prefilled = 0
    pending = deque(_groups(host, request, holes))
    while pending and not (nfe and request.late):
        group = pending.popleft()
        steps = fill_gaps(host, store, _asked(request, holes, done, group))
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                answer: Answer = end.value
                break
            yield _seen(step, holes, done, group, nfe) if isinstance(step, Frame) else step
        nfe += answer.nfe
        rejected += answer.rejected
        prefilled = max(prefilled, answer.prefill_tokens)
        if len(group) == len(holes) and answer.fills:
            return answer._replace(gaps=holes)
        if answer.fills:
            done.append(Filled(group, answer.fills[0]))
        elif len(group) > 1:
            middle = group.start + len(group) // 2
            pending.extendleft((range(middle, group.stop), range(group.start, middle)))
    gaps = tuple(holes[number] for part in done for number in part.holes)
    fills = (_joined(done, nfe),) if done else ()
    if done:
        yield Frame(nfe, "done", _drafts(holes, done), holes)
    return Answer(fills, nfe, prefilled, rejected, gaps, len(holes) - len(gaps))


def _groups(host: Host, request: FillRequest, holes: Sequence[Gap]) -> list[range]:
    """The holes, by number, in stretches that fit into one canvas each and can be judged together."""
    groups: list[range] = []
    language = language_at_hand(request)
    start = 0
    for stop in range(1, len(holes) + 1):
        grown = replace(request, gaps=tuple(holes[start : stop + 1]), find=None)
        together = fit_together(host, grown) and (
            language is None or in_one_language(request.text, grown.gaps, language)
        )
        if stop == len(holes) or not together:
            groups.append(range(start, stop))
            start = stop
    return groups


def _asked(request: FillRequest, holes: Sequence[Gap], done: Sequence[Filled], group: range) -> FillRequest:
    """The request for ``group`` in the text as it is with what is ``done``, all of which stands before the group."""
    gaps = [holes[number] for part in done for number in part.holes]
    texts = [text for part in done for text in part.fill.texts]
    moved = sum(map(len, texts)) - sum(gap.end - gap.start for gap in gaps)
    own = tuple(Gap(holes[number].start + moved, holes[number].end + moved) for number in group)
    part = request.part and Gap(request.part.start, request.part.end + moved)
    return replace(request, text=filled(request.text, gaps, texts), gaps=own, part=part, find=None)


def _seen(frame: Frame, holes: tuple[Gap, ...], done: Sequence[Filled], group: range, nfe: int) -> Frame:
    """What a step for ``group`` shows of all holes."""
    drafts = list(_drafts(holes, done))
    drafts[group.start : group.stop] = frame.drafts
    last = frame.state == "done" and len(group) == len(holes)
    state = "denoising" if frame.state == "done" and not last else frame.state
    return Frame(nfe + frame.step, state, tuple(drafts), holes)


def _drafts(holes: Sequence[Gap], done: Sequence[Filled]) -> tuple[tuple[Run, ...], ...]:
    drafts: list[tuple[Run, ...]] = [()] * len(holes)
    for part in done:
        for number, text in zip(part.holes, part.fill.texts, strict=True):
            drafts[number] = (Run(text, part.fill.confidence),) if text else ()
    return tuple(drafts)


def _joined(done: Sequence[Filled], nfe: int) -> Fill:
    """All answers as one: as sure as its parts are on average, as valid as the least of them."""
    fills = [part.fill for part in done]
    return Fill(
        texts=tuple(text for fill in fills for text in fill.texts),
        confidence=sum(fill.confidence for fill in fills) / len(fills),
        validated=all(fill.validated for fill in fills),
        repaired=any(fill.repaired for fill in fills),
        nfe=nfe,
        shortened=any(fill.shortened for fill in fills),
    )
