"""The engine: who runs, who is dropped, what a failure does. The model is a script."""

import math
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from dgls.config import InfillSettings
from dgls.engine import SWITCH_SECONDS, Engine, Loading, Ready, Report, Seat, State, Unloaded
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, Fill, FillRequest, Frame, Gap, Prefilled
from dgls.job import NOTHING, Cancelled, Failed
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


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.until(Ready)
    return bench


def test_a_job_shows_its_frames_and_then_its_answer(bench: Bench) -> None:
    ask = bench.automatic("a")
    bench.script.allow(3)
    assert ask.outcome == answer("a")
    assert [ask.frames.get_nowait() for _ in range(2)] == [FRAME, FRAME]
    assert ask.frames.empty() and ask.outcomes.empty()


def test_the_newest_automatic_job_wins_over_running_and_waiting_ones(bench: Bench) -> None:
    running = bench.automatic("running", deadline_ms=600_000)
    bench.script.begun.get(timeout=PATIENCE)
    waiting = bench.automatic("waiting", deadline_ms=600_000)
    newest = bench.automatic("newest", deadline_ms=600_000)
    assert isinstance(running.outcome, Cancelled) and isinstance(waiting.outcome, Cancelled)
    bench.script.allow(4)
    assert newest.outcome == answer("newest")
    assert bench.script.closed.get(timeout=PATIENCE) == ("running", 1)  # stopped within one step
    assert bench.script.closed.get(timeout=PATIENCE) == ("newest", 3)
    assert running.frames.empty()


def test_no_keystroke_drops_a_command_and_commands_keep_their_order(bench: Bench) -> None:
    running = bench.command("running")
    bench.script.begun.get(timeout=PATIENCE)
    waiting = bench.command("waiting")
    keystroke = bench.automatic("keystroke", deadline_ms=600_000)
    bench.script.allow(9)
    assert [ask.outcome for ask in (running, waiting, keystroke)] == [
        answer("running"), answer("waiting"), answer("keystroke"),
    ]  # fmt: skip


def test_a_command_does_not_wait_for_an_automatic_job(bench: Bench) -> None:
    keystroke = bench.automatic("keystroke")
    bench.script.begun.get(timeout=PATIENCE)
    command = bench.command("command")
    assert isinstance(keystroke.outcome, Cancelled)
    bench.script.allow(4)
    assert command.outcome == answer("command")


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_cancelled_job_ends_at_once_and_its_work_stops_within_one_step(bench: Bench, steps: int) -> None:
    ask = bench.command("a")
    bench.script.begun.get(timeout=PATIENCE)
    bench.script.allow(steps)
    for _ in range(steps - 1):
        ask.frames.get(timeout=PATIENCE)  # the steps before this one have been taken
    ask.job.cancel()
    assert ask.outcome == Cancelled("cancelled")
    bench.script.allow(1)
    _, taken = bench.script.closed.get(timeout=PATIENCE)
    assert taken <= steps + 1
    assert ask.outcomes.empty()


def test_a_job_cancelled_while_it_waits_is_never_begun(bench: Bench) -> None:
    bench.command("first")
    bench.script.begun.get(timeout=PATIENCE)
    second, third = bench.command("second"), bench.command("third")
    second.job.cancel()
    bench.script.allow(6)
    assert third.outcome == answer("third")
    assert bench.script.begun.get(timeout=PATIENCE).text == "third"


def test_deadlines_come_from_the_settings_and_a_commands_time_starts_with_its_work(bench: Bench) -> None:
    bench.command("first", command_deadline_ms=5_000)
    first = bench.script.begun.get(timeout=PATIENCE)
    bench.command("second", command_deadline_ms=5_000)
    bench.script.allow(3)
    second = bench.script.begun.get(timeout=PATIENCE)
    bench.script.allow(3)
    bench.automatic("third", deadline_ms=600_000)
    third = bench.script.begun.get(timeout=PATIENCE)
    assert first.deadline is not None and second.deadline is not None and third.deadline is not None
    assert first.deadline < second.deadline
    assert third.deadline - second.deadline > 500


def test_an_automatic_job_whose_time_is_up_before_it_begins_finds_nothing(bench: Bench) -> None:
    bench.command("command")
    bench.script.begun.get(timeout=PATIENCE)
    keystroke = bench.automatic("keystroke", deadline_ms=1)
    assert keystroke.job.request.deadline is not None
    while time.monotonic() <= keystroke.job.request.deadline:
        pass
    bench.script.allow(3)
    assert keystroke.outcome == NOTHING


@pytest.mark.parametrize(
    "error", [RuntimeError("out of memory"), MemoryError(), SystemExit(1), KeyError("x")]
)
def test_a_model_that_raises_fails_its_job_and_the_next_one_starts_afresh(
    bench: Bench, error: BaseException
) -> None:
    failing = bench.command("secret")
    bench.script.allow(1)
    bench.script.allowed.put(error)
    failed = failing.outcome
    assert isinstance(failed, Failed)
    assert (
        failed.message.startswith("the fill failed: " + type(error).__name__) and str(error) in failed.message
    )
    following = bench.automatic("b")
    bench.script.allow(3)
    assert following.outcome == answer("b")
    first, second = bench.script.given
    assert first is not second


def test_a_failure_is_logged_without_its_message(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    failing = bench.command("a")
    bench.script.allowed.put(ValueError("the users text"))
    assert "the users text" in failing.outcome.message
    assert "ValueError" in caplog.text and "users text" not in caplog.text


def test_while_loading_commands_wait_and_keystrokes_find_nothing() -> None:
    loaded = threading.Event()
    script = Script()

    def load(report: Report) -> Filler:
        report(0.5, "half")
        assert loaded.wait(PATIENCE)
        return script

    bench = Bench(load)
    assert bench.until(Loading) == Loading(0.5, "half")
    assert bench.automatic("keystroke").outcome == NOTHING
    command = bench.command("command")
    script.allow(3)
    loaded.set()
    assert command.outcome == answer("command")
    assert bench.engine.state == Ready()


def test_where_loading_failed_commands_say_why_and_keystrokes_find_nothing() -> None:
    asked = threading.Event()

    def load(report: Report) -> Filler:
        assert asked.wait(PATIENCE)
        raise FileNotFoundError("no such checkpoint")

    bench = Bench(load)
    early = bench.command("early")
    asked.set()
    failed = bench.until(Failed)
    assert failed == Failed("the model could not be loaded: FileNotFoundError: no such checkpoint")
    assert early.outcome == failed
    assert bench.command("late").outcome == failed
    assert bench.automatic("keystroke").outcome == NOTHING


def test_no_thread_waits_long_for_the_interpreter_while_the_model_thread_computes(bench: Bench) -> None:
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)


def test_stopping_cancels_everything_and_refuses_what_comes_later(bench: Bench) -> None:
    running = bench.command("running")
    bench.script.begun.get(timeout=PATIENCE)
    waiting, keystroke = bench.command("waiting"), bench.automatic("keystroke")
    bench.engine.stop()
    late = bench.command("late")
    for ask in (running, waiting, keystroke, late):
        assert ask.outcome == Cancelled("the server is shutting down")


def unloading(patience: float) -> Bench:
    """A running engine whose two clients can do without the model after so many seconds."""
    bench = Bench(patience=patience)
    bench.until(Ready)
    return bench


def test_a_model_that_nobody_uses_is_unloaded_and_the_next_command_has_it_loaded_again() -> None:
    bench = unloading(0.001)
    bench.until(Unloaded)
    ask = bench.command("a")
    bench.script.allow(3)
    assert ask.outcome == answer("a")
    assert [type(bench.states.get(timeout=PATIENCE)) for _ in range(2)] == [Ready, Unloaded]
    assert bench.script.unloaded >= 1


def test_what_was_kept_for_clients_goes_with_the_model() -> None:
    bench = unloading(0.001)
    bench.until(Unloaded)
    bench.script.allow(3)
    assert bench.command("a").outcome == answer("a")
    kept = weakref.ref(bench.script.given.pop())
    bench.until(Unloaded)
    bench.script.allow(3)
    assert bench.command("b").outcome == answer("b")
    assert kept() is None


def test_a_keystroke_has_the_model_loaded_again_and_finds_nothing_until_then() -> None:
    bench = unloading(0.001)
    bench.until(Unloaded)
    assert Ask(bench.seat, request("idle"), "idle").outcome == NOTHING
    assert bench.states.empty()
    assert bench.automatic("keystroke").outcome == NOTHING
    bench.until(Ready)


def test_the_model_stays_as_long_as_one_client_wants_it() -> None:
    bench = unloading(0.001)
    bench.until(Unloaded)
    staying = bench.engine.join()
    bench.engine.start()
    bench.until(Ready)
    bench.script.allow(6)
    for seat in (bench.seat, staying):
        assert Ask(seat, request("a"), "command").outcome == answer("a")
    assert bench.states.empty()
    staying.leave()
    bench.until(Unloaded)


def test_a_client_that_comes_after_loading_failed_has_it_tried_again() -> None:
    failing = [FileNotFoundError("no such checkpoint")]
    script = Script()

    def load(report: Report) -> Filler:
        if failing:
            raise failing.pop()
        return script

    bench = Bench(load)
    bench.until(Failed)
    bench.engine.start()
    bench.until(Ready)
    script.allow(3)
    assert bench.command("a").outcome == answer("a")


# Several clients


def begun(bench: Bench) -> str:
    return bench.script.begun.get(timeout=PATIENCE).text


def ended(bench: Bench, count: int) -> list[str]:
    return [bench.script.closed.get(timeout=PATIENCE)[0] for _ in range(count)]


def test_seats_take_turns_so_that_no_job_waits_for_the_whole_of_a_long_one(bench: Bench) -> None:
    long = [bench.command(f"long {number}") for number in range(3)]
    assert begun(bench) == "long 0"
    short = Ask(bench.other, request("short"), "command")
    bench.script.allow(12)
    assert ended(bench, 4) == ["long 0", "short", "long 1", "long 2"]
    assert [ask.outcome for ask in (*long, short)] == [answer(ask.job.request.text) for ask in (*long, short)]


def test_turns_are_counted_in_time_not_in_steps(bench: Bench) -> None:
    bench.script.costs = {"slow": 3.0}
    bench.command("slow")
    assert begun(bench) == "slow"
    for text in ("quick 0", "quick 1"):
        Ask(bench.other, request(text), "command")
    bench.script.allow(9)
    assert ended(bench, 3) == ["quick 0", "quick 1", "slow"]


def test_time_in_which_a_seat_asked_for_nothing_is_no_credit(bench: Bench) -> None:
    bench.script.allow(30)
    for _ in range(10):
        bench.command("before").outcome, ended(bench, 1), begun(bench)
    bench.command("busy all the time")
    assert begun(bench) == "busy all the time"
    for text in ("late 0", "late 1", "late 2"):
        Ask(bench.other, request(text), "command")
    bench.script.allow(12)
    assert ended(bench, 4)[0] == "busy all the time"


def test_a_keystroke_takes_the_place_of_those_of_its_own_seat_alone(bench: Bench) -> None:
    bench.automatic("a", deadline_ms=600_000)
    assert begun(bench) == "a"
    first, second = (Ask(bench.other, request(text, deadline_ms=600_000), "automatic") for text in "bc")
    assert isinstance(first.outcome, Cancelled)
    newest = bench.automatic("d", deadline_ms=600_000)
    bench.script.allow(7)
    assert (second.outcome, newest.outcome) == (answer("c"), answer("d"))


def test_idle_work_runs_while_nobody_waits_and_ends_where_anybody_asks(bench: Bench) -> None:
    command = bench.command("command")
    assert begun(bench) == "command"
    idle = Ask(bench.other, request("idle"), "idle")
    bench.script.allow(3)
    assert command.outcome == answer("command")
    assert begun(bench) == "idle"
    assert idle.outcomes.empty()
    keystroke = bench.automatic("keystroke", deadline_ms=600_000)
    assert isinstance(idle.outcome, Cancelled)
    bench.script.allow(4)
    assert keystroke.outcome == answer("keystroke")
    again = Ask(bench.other, request("again"), "idle")
    bench.script.allow(3)
    assert again.outcome == answer("again")


def test_a_newer_idle_job_takes_the_place_of_an_older_one_and_of_nothing_else(bench: Bench) -> None:
    keystroke = bench.automatic("keystroke", deadline_ms=600_000)
    assert begun(bench) == "keystroke"
    older, newer = (Ask(bench.seat, request(text), "idle") for text in ("older", "newer"))
    assert isinstance(older.outcome, Cancelled)
    bench.script.allow(6)
    assert (keystroke.outcome, newer.outcome) == (answer("keystroke"), answer("newer"))


def test_a_client_that_leaves_is_forgotten_and_the_others_go_on(bench: Bench) -> None:
    running, waiting = bench.command("running"), bench.command("waiting")
    assert begun(bench) == "running"
    kept = weakref.ref(bench.script.given.pop())
    staying = Ask(bench.other, request("staying"), "command")
    bench.seat.leave()
    assert isinstance(running.outcome, Cancelled) and isinstance(waiting.outcome, Cancelled)
    bench.script.allow(4)
    assert staying.outcome == answer("staying")
    assert kept() is None
    assert isinstance(bench.command("late").outcome, Cancelled)
