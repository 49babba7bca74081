"""Several clients of one engine: whose turn it is, and what they do to each other."""

import weakref

import pytest

from dgls.engine import Ready
from dgls.job import Cancelled
from tests.scripted_engine import PATIENCE, Ask, Bench, answer, request


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.until(Ready)
    return bench


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
