"""The engine and one client: who runs, who is dropped, what a failure does. The model is a script."""

import sys
import time

import pytest

from dgls.engine import SWITCH_SECONDS, Ready
from dgls.job import NOTHING, Cancelled, Failed
from tests.scripted_engine import FRAME, PATIENCE, Bench, answer


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
    ("error", "told"),
    [
        (RuntimeError("out of memory"), "RuntimeError: out of memory"),
        (MemoryError(), "MemoryError"),
        (SystemExit(1), "SystemExit"),
        (ValueError("in 'the document'"), "ValueError"),  # a parser's words may be the document's
    ],
)
def test_a_model_that_raises_fails_its_job_and_the_next_one_starts_afresh(
    bench: Bench, error: BaseException, told: str
) -> None:
    failing = bench.command("secret")
    bench.script.allow(1)
    bench.script.allowed.put(error)
    assert failing.outcome == Failed(f"the fill failed: {told}")
    following = bench.automatic("b")
    bench.script.allow(3)
    assert following.outcome == answer("b")
    first, second = bench.script.given
    assert first is not second


def test_a_failure_is_logged_without_its_message(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    failing = bench.command("a")
    bench.script.allowed.put(ValueError("the users text"))
    assert failing.outcome == Failed("the fill failed: ValueError")
    assert "ValueError" in caplog.text and "users text" not in caplog.text


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
