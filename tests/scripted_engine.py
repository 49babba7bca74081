"""A running engine around a model that is a script, and jobs whose outcome a test can wait for."""

import math
import queue
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, cast

from dgls.config import InfillSettings
from dgls.engine import Engine, Report, Seat, State
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, Fill, FillRequest, Frame, Gap, Prefilled
from dgls.line import Filler, Steps

PATIENCE = 60
"""Seconds after which a test that hangs fails."""

FRAME = Frame(1, "denoising", ())


def request(text: str = "", **settings: Any) -> FillRequest:
    return FillRequest(text, (Gap(0, 0),), "python", settings=InfillSettings(**settings))


def answer(text: str) -> Answer:
    return Answer((Fill((text,), 1.0, True, False, 1),), 1, 0, 0)


@dataclass
class Script:
    """A model whose every step waits until the test allows it."""

    allowed: "queue.Queue[BaseException | None]" = field(default_factory=queue.Queue)
    begun: "queue.Queue[FillRequest]" = field(default_factory=queue.Queue)
    closed: "queue.Queue[tuple[str, int]]" = field(default_factory=queue.Queue)
    given: list[Kept] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=dict)
    """Seconds that the steps of a request take on the script's own clock; else one."""
    seconds: float = 0.0
    unloaded: int = 0

    def new_kept(self, store_mb: int | None) -> Kept:
        return Kept(cast(Any, None))

    def fill(self, asked: FillRequest, kept: Kept) -> Steps:
        self.given.append(kept)
        return self._steps(asked)

    def _steps(self, asked: FillRequest) -> Generator[Frame | Prefilled, None, Answer]:
        taken = 0
        self.begun.put(asked)
        try:
            for taken in range(1, 4):
                if (error := self.allowed.get(timeout=PATIENCE)) is not None:
                    raise error
                self.seconds += self.costs.get(asked.text, 1.0)
                yield Prefilled(64, 64) if taken == 1 else FRAME
            return answer(asked.text)
        finally:
            self.closed.put((asked.text, taken))

    def unload(self) -> None:
        self.unloaded += 1

    def allow(self, steps: int) -> None:
        for _ in range(steps):
            self.allowed.put(None)


class Ask:
    """A submitted job, and what came of it."""

    def __init__(self, seat: Seat, asked: FillRequest, kind: Any) -> None:
        self.outcomes: queue.Queue[Any] = queue.Queue()
        self.frames: queue.Queue[Frame] = queue.Queue()
        self.job = seat.submit(asked, kind, self.outcomes.put, self.frames.put)

    @property
    def outcome(self) -> Any:
        return self.outcomes.get(timeout=PATIENCE)


class Bench:
    """A running engine around a script."""

    def __init__(self, load: Callable[[Report], Filler] | None = None, patience: float = math.inf) -> None:
        self.script = Script()
        self.states: queue.Queue[State] = queue.Queue()
        self.engine = Engine(load or (lambda report: self.script), clock=lambda: self.script.seconds)
        self.seat = self.engine.join(self.states.put, patience)
        self.other = self.engine.join(patience=patience)
        self.engine.start()

    def until(self, kind: type) -> State:
        while not isinstance(state := self.states.get(timeout=PATIENCE), kind):
            pass
        return state

    def automatic(self, text: str, **settings: Any) -> Ask:
        return Ask(self.seat, request(text, **settings), "automatic")

    def command(self, text: str, **settings: Any) -> Ask:
        return Ask(self.seat, request(text, **settings), "command")
