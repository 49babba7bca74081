"""Typing into a canvas against starting anew: the same places, the same checkpoint, real source files.

A gap is cut out of a file and filled. What stood there is then typed, character by character; where no fill agrees any
more, the rest is asked for twice: resumed from the last canvas, and started anew. Typing goes on with what was resumed.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

import msgspec

from dgls.config import InfillSettings
from dgls.evaluation.cuts import Cut
from dgls.infill.fill import Steps, answer_of, fill_gaps, fill_on
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillRequest, Gap
from dgls.model.host import Host

MOST_PER_CUT = 3
"""Departures in one gap that are measured."""


class Way(msgspec.Struct, frozen=True):
    """How one way to go on did: shares of all departures, and per departure the mean.

    ``likeness`` is that of the best fill to what stood there, from 0 to 1. ``cpu_ms`` is processor time.
    """

    offered: float
    exact: float
    likeness: float
    steps: float
    prefilled: float
    cpu_ms: float
    cpu_ms_median: float


class Resuming(msgspec.Struct, frozen=True):
    """What was measured at so many ``departures`` in so many ``gaps``; ``unresumed`` could not be resumed."""

    gaps: int
    departures: int
    unresumed: int
    resumed: Way
    anew: Way


class _Filled(msgspec.Struct, frozen=True):
    fill: str | None
    rest: str
    steps: int
    prefilled: bool
    milliseconds: float


def measure_resuming(
    host: Host, cuts: Sequence[Cut], settings: InfillSettings, on_done: Callable[[int], None]
) -> Resuming:
    """Type into each of ``cuts``, and compare both ways at every departure."""
    pairs: list[tuple[_Filled, _Filled]] = []
    for number, cut in enumerate(cuts, 1):
        pairs += _departures(host, cut, settings)
        on_done(number)
    together = [(resumed, anew) for resumed, anew in pairs if not resumed.prefilled]
    return Resuming(
        gaps=len(cuts),
        departures=len(together),
        unresumed=len(pairs) - len(together),
        resumed=_way([resumed for resumed, _ in together]),
        anew=_way([anew for _, anew in together]),
    )


def _departures(host: Host, cut: Cut, settings: InfillSettings) -> Iterator[tuple[_Filled, _Filled]]:
    text = cut.file.text
    before, answer, behind = text[: cut.start], text[cut.start : cut.end], text[cut.end :]
    kept, other = Kept(host.new_store()), host.new_store()

    def asked(typed: int) -> FillRequest:
        cursor = cut.start + typed
        name = cut.file.path.name
        return FillRequest(
            before + answer[:typed] + behind,
            (Gap(cursor, cursor),),
            "python",
            name,
            settings,
            single_line="\n" not in answer,
        )

    typed = 0
    shown = answer_of(fill_on(host, kept, asked(0)))
    for _ in range(MOST_PER_CUT):
        first = typed
        fills = [fill.texts[0] for fill in shown.fills]
        while typed < len(answer) and (typed == first or _agrees(fills, answer[first:typed])):
            typed += 1
        if typed >= len(answer):
            return
        request, rest = asked(typed), answer[typed:]
        answer_of(fill_gaps(host, other, asked(first)))  # a prefix store as warm as typing leaves it
        anew, _ = _timed(fill_gaps(host, other, request), rest)
        resumed, shown = _timed(fill_on(host, kept, request), rest)
        yield resumed, anew


def _agrees(fills: Sequence[str], typed: str) -> bool:
    return any(fill.startswith(typed) and fill != typed for fill in fills)


def _timed(steps: Steps, rest: str) -> tuple[_Filled, Answer]:
    started = time.process_time()
    answer = answer_of(steps)
    milliseconds = (time.process_time() - started) * 1000
    best = answer.fills[0].texts[0] if answer.fills else None
    return _Filled(best, rest, answer.nfe, answer.prefill_tokens > 0, milliseconds), answer


def _way(filled: Sequence[_Filled]) -> Way:
    def share(values: Sequence[float]) -> float:
        return round(statistics.fmean(values), 4) if values else 0.0

    times = [one.milliseconds for one in filled]
    return Way(
        offered=share([one.fill is not None for one in filled]),
        exact=share([one.fill == one.rest for one in filled]),
        likeness=share(
            [SequenceMatcher(None, one.fill or "", one.rest, autojunk=False).ratio() for one in filled]
        ),
        steps=share([one.steps for one in filled]),
        prefilled=share([one.prefilled for one in filled]),
        cpu_ms=share(times),
        cpu_ms_median=round(statistics.median(times), 4) if times else 0.0,
    )
