"""From which confidence on is it worth showing, and where should it end? By what stood in held-out gaps.

Each gap is asked for as typing asks at its beginning, without a deadline. A fill is *right as far as it goes* where
what stood there begins with it. Two thresholds are tried: fills below a confidence are not shown
(``inline.min_confidence``), and a fill ends before its first token that is less probable (``FillRequest.confident``).
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace
from rapidfuzz.distance import Prefix

from dgls.config import InfillSettings, InlineSettings
from dgls.evaluation.case import Case
from dgls.evaluation.statistics import Interval, mean_interval, wilson_interval
from dgls.infill.completion import complete
from dgls.infill.fill import answer_of
from dgls.infill.kept import Kept
from dgls.model.host import Host

LEASTS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
TRIMS = (0.0, 0.1, 0.2, 0.3, 0.5)
USUAL_TRIM = 0.2
"""What typing is answered with."""


class Shown(msgspec.Struct, frozen=True):
    """What is shown of all gaps with a pair of thresholds.

    ``shown`` is a share of all gaps. Of what is shown: the share that is ``right`` as far as it goes, the share that is
    ``exact``, and the means of its ``length`` in characters and of the share of them that is before the first wrong
    one (``sound``). ``won`` are the characters per gap, shown or not, that are right in right fills. None where too
    few are shown to tell.
    """

    least: float
    trim: float
    shown: Interval
    right: Interval | None
    exact: Interval | None
    sound: Interval | None
    length: float | None
    won: float


class Fills(msgspec.Struct, frozen=True):
    """The fills of one gap, best first, each with its confidence, and the text that stood there."""

    answer: str
    fills: list[tuple[str, float]]

    def best(self, least: float) -> str | None:
        """What is shown where nothing below ``least`` is."""
        return next((text for text, confidence in self.fills if confidence >= least), None)


def measure_thresholds(
    host: Host, cases: Sequence[Case], settings: InfillSettings, on_done: Callable[[int], None]
) -> list[Shown]:
    """First a row per least confidence, with the usual end; then a row per end, with the usual least confidence."""
    filled: dict[float, list[Fills]] = {trim: [] for trim in TRIMS}
    for number, case in enumerate(cases, 1):
        for trim, found in filled.items():
            request = replace(case.request(settings), find="completion", confident=trim)
            answer = answer_of(complete(host, Kept(host.new_store()), request))
            fills = [(fill.texts[0], fill.confidence) for fill in answer.fills]
            found.append(Fills(case.answer, fills))
        on_done(number)
    usual = InlineSettings().min_confidence
    return [
        *(shown_with(least, USUAL_TRIM, filled[USUAL_TRIM]) for least in LEASTS),
        *(shown_with(usual, trim, found) for trim, found in filled.items()),
    ]


def shown_with(least: float, trim: float, gaps: Sequence[Fills]) -> Shown:
    """What is shown of the fills of ``gaps``, which end at ``trim``, where nothing below ``least`` is."""
    pairs = [(text, gap.answer) for gap in gaps if (text := gap.best(least)) is not None]
    right = [answer.startswith(text) for text, answer in pairs]
    sound = [Prefix.similarity(text, answer) / len(text) for text, answer in pairs]
    won = sum(len(text) for (text, _), good in zip(pairs, right, strict=True) if good)
    count = len(pairs)
    return Shown(
        least,
        trim,
        wilson_interval(count, len(gaps)),
        wilson_interval(sum(right), count) if count else None,
        wilson_interval(sum(text == answer for text, answer in pairs), count) if count else None,
        mean_interval(sound) if count > 1 else None,
        sum(len(text) for text, _ in pairs) / count if count else None,
        won / len(gaps),
    )
