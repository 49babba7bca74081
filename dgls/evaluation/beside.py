"""What a request that the model works on costs beside the model, in a file of 10,000 lines, measured in this process.

The *model* is every prefill, every pass of the decoder, and the draw from its logits that makes a step of the pass. All
else is *beside* it: the context is chosen and cut into tokens, the fragment around the gap is parsed, what was denoised
is judged, mended and ordered. What the server does before and behind that, at every keystroke, is no part of it: see
``keystrokes.py``.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from torch import Tensor

from dgls.config import InfillSettings
from dgls.evaluation.cuts import spans_of
from dgls.evaluation.keystrokes import long_file
from dgls.evaluation.latency import ROOM, Spread
from dgls.evaluation.thresholds import USUAL_TRIM
from dgls.infill.completion import complete
from dgls.infill.kept import Kept
from dgls.infill.request import FillRequest, Frame, Gap
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore, View


class Beside(NamedTuple):
    """Of so many ``requests``: the time of all of each, and of what is beside the model."""

    requests: int
    whole: Spread
    beside: Spread


@dataclass
class _Clock:
    """Seconds that the model took, and when its last pass ended."""

    model: float = 0.0
    passed_at: float = 0.0


@dataclass(frozen=True, eq=False)
class _TimedHost(Host):
    """A host that says how long its passes took."""

    clock: _Clock = field(default_factory=_Clock)

    def prefill(self, store: PrefixStore, tokens: Sequence[int]) -> Iterator[int]:
        chunks = super().prefill(store, tokens)
        while True:
            began = time.perf_counter()
            done = next(chunks, None)
            self.clock.model += time.perf_counter() - began
            if done is None:
                return
            yield done

    def decode(
        self,
        view: View,
        canvas: Tensor,
        self_conditioning: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> Tensor:
        began = time.perf_counter()
        logits = super().decode(view, canvas, self_conditioning, wanted)
        self.clock.passed_at = time.perf_counter()
        self.clock.model += self.clock.passed_at - began
        return logits


def measure_beside(host: Host, requests: int, seed: int, settings: InfillSettings) -> Beside:
    """Ask at ``requests`` places as typing asks, each with an empty prefix store and without a deadline."""
    text = long_file()
    places = [place for place in spans_of(text, "rest of a line") if place[1] - place[0] >= ROOM]
    chance = random.Random(seed)
    # What is found once for a language and a model is found before.
    _times(host, text, chance.choice(places), settings)
    times = [_times(host, text, chance.choice(places), settings) for _ in range(requests)]
    return Beside(
        requests,
        Spread.of([whole for whole, _ in times]),
        Spread.of([whole - model for whole, model in times]),
    )


def _times(host: Host, text: str, place: tuple[int, int], settings: InfillSettings) -> tuple[float, float]:
    """Seconds of a request where the rest of a line is cut, and of them the model's."""
    cursor, end = place
    timed = _TimedHost(**{part.name: getattr(host, part.name) for part in fields(host)})
    kept = Kept(timed.new_store())
    began = time.perf_counter()
    request = FillRequest(
        text[:cursor] + text[end:],
        (Gap(cursor, cursor),),
        "python",
        "long.py",
        settings,
        find="completion",
        confident=USUAL_TRIM,
    )
    for event in complete(timed, kept, request):
        if isinstance(event, Frame) and event.state != "done":
            timed.clock.model += time.perf_counter() - timed.clock.passed_at  # the draw behind the pass
    return time.perf_counter() - began, timed.clock.model
