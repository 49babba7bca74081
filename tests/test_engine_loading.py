"""The engine and its model: what is answered before it is loaded, where that fails, and where it was unloaded."""

import threading
import weakref

from dgls.engine import Loading, Ready, Report, Unloaded
from dgls.job import NOTHING, Failed
from dgls.line import Filler
from tests.scripted_engine import PATIENCE, Ask, Bench, Script, answer, request


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
