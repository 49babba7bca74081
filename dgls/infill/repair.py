"""Repair: what is done about the faults of candidates, before anything is offered.

*Renoise*: faulty tokens and a few around them become free again, without self-conditioning, and are denoised with
other random numbers; wider each round (see :mod:`dgls.infill.reopen`). *Resample*: whole candidates are drawn anew, for
as many decoder passes as that may take; this is what renoising is measured against. Where a part of what stood there is
kept, what is at fault of the rest first becomes what it was.
"""

from collections.abc import Generator, Sequence

import torch

from dgls.infill.beginning import sound_end
from dgls.infill.candidate import Candidate, Judged, spell
from dgls.infill.drawing import Drawing
from dgls.infill.judge import judge
from dgls.infill.reopen import Reopened, reopen, reopen_all, reopen_behind
from dgls.infill.request import Frame
from dgls.infill.steering import AT_FAULT, leaning_towards
from dgls.syntax import Fragment, expected_after

Repaired = Generator[Frame, None, list[Judged]]


def repair(drawing: Drawing, fragment: Fragment | None, judged: Sequence[Judged]) -> Repaired:
    """Repair as the settings say, until one candidate is clean; answers all that was tried."""
    if any(one.is_clean for one in judged):
        return []
    settings = drawing.request.settings
    # What was broken before is not the fill's to mend, but worth a try.
    rounds = min(settings.repair_rounds, 1 if any(one.is_good for one in judged) else settings.repair_rounds)
    if drawing.request.keeps:  # renoising may free what is to be kept
        milder = [fresh for one in judged if (fresh := _taken_back(drawing, fragment, one)) is not None]
        if any(one.is_good for one in milder):
            return milder
    if settings.repair == "resample" or drawing.request.keeps:
        return (yield from _resample(drawing, fragment, rounds * settings.repair_steps))
    return (yield from _renoise(drawing, fragment, judged, rounds))


def _resample(drawing: Drawing, fragment: Fragment | None, passes: int) -> Repaired:
    tried: list[Judged] = []
    end = drawing.nfe + passes
    while drawing.nfe < end and not drawing.late:
        fresh = yield from drawing.redraw(min(drawing.rules.max_steps, end - drawing.nfe))
        tried += (judge(drawing.request, fragment, candidate) for candidate in fresh)
        if not fresh or any(one.is_clean for one in tried):
            break
    return tried


def _renoise(drawing: Drawing, fragment: Fragment | None, judged: Sequence[Judged], rounds: int) -> Repaired:
    tried: list[Judged] = []
    current = list(judged)
    end = drawing.nfe + rounds * drawing.request.settings.repair_steps
    for round_number in range(1, rounds + 1):
        if not current or drawing.late:
            break
        rows = [(one.candidate.canvas, _opened(drawing, fragment, one, round_number)) for one in current]
        fresh = yield from drawing.renoise(rows, drawing.request.settings.repair_steps)
        current = [judge(drawing.request, fragment, candidate) for candidate in fresh]
        tried += current
        if any(one.is_clean for one in current):
            break
    if not any(one.is_good for one in (*judged, *tried)):
        # Rounds that settled early have left passes for another try.
        tried += yield from _resample(drawing, fragment, end - drawing.nfe)
    return tried


def _taken_back(drawing: Drawing, fragment: Fragment | None, one: Judged) -> Judged | None:
    """What stood there with those changes of a candidate, the most certain first, that add no fault; None if none."""
    drawn = one.candidate.gaps
    tokens = [one.candidate.canvas.tokens[span.start : span.stop] for span in one.candidate.canvas.free]
    changes = [
        (gap, run)
        for gap, (own, spelled) in enumerate(zip(tokens, drawn, strict=True))
        for run in _changed(own, spelled.tokens)
    ]
    best: Judged | None = None
    for gap, run in sorted(changes, key=lambda change: -min(drawn[change[0]].certainty[slice(*change[1])])):
        if drawing.request.overdue:
            break
        tried = [list(own) for own in tokens]
        tried[gap][slice(*run)] = drawn[gap].tokens[slice(*run)]
        spelled = (
            spell(drawing.host.tokenizer, own, edge.cut if edge else b"")._replace(certainty=whole.certainty)
            for own, edge, whole in zip(tried, drawing.plan.edges, drawn, strict=True)
        )
        fresh = judge(drawing.request, fragment, one.candidate._replace(gaps=tuple(spelled), repaired=True))
        if fresh.is_good:
            best, tokens = fresh, tried
    return best


def _changed(own: Sequence[int], drawn: Sequence[int]) -> list[tuple[int, int]]:
    """The runs of positions at which two rows of tokens differ."""
    runs: list[tuple[int, int]] = []
    for place in (place for place, pair in enumerate(zip(own, drawn, strict=True)) if pair[0] != pair[1]):
        start = runs.pop()[0] if runs and runs[-1][1] == place else place
        runs.append((start, place + 1))
    return runs


def _opened(drawing: Drawing, fragment: Fragment | None, one: Judged, round_number: int) -> list[Reopened]:
    """The gaps of a candidate with what is freed of them in a round."""
    candidate, ruling, silent = one
    wrong = (*ruling.faults, *ruling.excused)
    sound = sound_end(drawing.request, fragment, candidate) if fragment else 0
    delete_id = drawing.host.delete_id
    opened: list[Reopened] = []
    for gap, spelled in enumerate(candidate.gaps):
        faults = [fault for fault in wrong if fault.gap == gap]
        if faults:
            freed = reopen(spelled, faults, sound, round_number, delete_id)
            opened.append(_steered(drawing, fragment, candidate, gap, freed))
        elif gap in silent and spelled.text.strip():
            freed = reopen_all(spelled)
            opened.append(_steered(drawing, fragment, candidate, gap, freed))
        elif gap in silent and delete_id is not None:
            freed = reopen_behind(spelled, delete_id)
            opened.append(freed._replace(leaning=drawing.speaking))
        else:
            opened.append(Reopened(spelled.tokens, [False] * len(spelled.tokens)))
    return opened


def _steered(
    drawing: Drawing, fragment: Fragment | None, candidate: Candidate, gap: int, freed: Reopened
) -> Reopened:
    """``freed`` with a leaning towards what the parser expects at its first free token, and away from what is there."""
    if True not in freed.free:
        return freed
    host, first = drawing.host, freed.free.index(True)
    edge = drawing.plan.edges[gap]
    strip = edge.cut if edge else b""
    leaning = torch.zeros(host.vocabulary, device=host.device)
    kept = [token for token, free in zip(freed.tokens, freed.free, strict=True) if not free]
    texts = [*candidate.texts]
    drawn = spell(host.tokenizer, kept, strip).text
    texts[gap] = drawn + (candidate.canvas.closed if gap == len(texts) - 1 else "")
    if fragment and (first or not strip):
        before = spell(host.tokenizer, freed.tokens[:first], strip).text
        expected = expected_after(fragment, texts, gap, len(before))
        if expected is not None:
            leaning += leaning_towards(host.tokenizer, host.device, expected)
    leaning[freed.tokens[first]] += AT_FAULT
    if drawing.speaking is not None and not drawn.strip():
        leaning += drawing.speaking  # all that would be left says nothing
    return freed._replace(leaning=leaning)
