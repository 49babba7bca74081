"""`dgls bench`: how fast and how big dgls is on this machine, as an editor sees it.

A server of its own is measured over standard input and output (``latency.py``). What only the inside can
tell, one prefill, one denoising step and verdicts (``verdicts.py``), is measured in this process afterwards. Each part
is printed when it ends.
"""

import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from rich.console import Console

import dgls
from dgls.config import Settings
from dgls.evaluation.bench_table import PARTS, WIDTH, Measured, headline, missed, table
from dgls.evaluation.cuts import choose_cuts, spans_of
from dgls.evaluation.keystrokes import Keystrokes, measure_keystrokes
from dgls.evaluation.latency import FILE, Latency, measure, milliseconds
from dgls.evaluation.sharing import measure_sharing
from dgls.evaluation.storm import measure_storm
from dgls.evaluation.verdicts import measure_verdicts
from dgls.infill.request import FillRequest, Frame, Gap, Prefilled

if TYPE_CHECKING:
    from dgls.model.host import Host

ROUNDS, QUICK_ROUNDS = 30, 1
SHARED_ROUNDS, QUICK_SHARED_ROUNDS = 2, 1
VERDICT_GAPS, QUICK_VERDICT_GAPS = 100, 2
RESUMED_GAPS, QUICK_RESUMED_GAPS = 12, 1
STORM_SECONDS, QUICK_STORM_SECONDS = 60.0, 1.0
SEED = 0

Say = Callable[[str], None]


class Passes(NamedTuple):
    """What the model alone takes, in milliseconds: to prefill ``prefill_tokens``, and for one step."""

    prefill_ms: float
    prefill_tokens: int
    step_ms: float


def bench(settings: Settings, arguments: Sequence[str], *, quick: bool, as_json: bool) -> None:
    """Measure and print, part by part; ``arguments`` are the options of `dgls serve` that give these ``settings``.

    Raises ServerError where the server fails, CheckpointError, and ModuleMissing.
    """
    from dgls.evaluation.provenance import hash_of_modules, header_of, lines_of
    from dgls.evaluation.report import print_lines

    header = header_of("dgls bench", hash_of_modules(), settings.model, SEED, msgspec.to_builtins(settings))
    console = Console(width=None if sys.stdout.isatty() else WIDTH)  # a file has no width of its own
    measured = machine(settings, QUICK_ROUNDS if quick else ROUNDS) | {"header": msgspec.to_builtins(header)}
    if not as_json:
        console.print(headline(measured["machine"]))
        print_lines(console, lines_of(header))
    with Console(stderr=True).status("") as status:
        measuring = measures(settings, arguments, status.update, quick=quick)
        for part, found in zip(PARTS, measuring, strict=True):
            measured |= found
            if not as_json:
                console.print(table(part, measured))
    if as_json:
        print(json.dumps({**measured, "missed": missed(measured)}))
    else:
        console.print("missed: " + ", ".join(missed(measured)) if missed(measured) else "all limits are met")


def measures(settings: Settings, arguments: Sequence[str], say: Say, *, quick: bool) -> Iterator[Measured]:
    """What each of :data:`PARTS` finds, as it is measured."""
    from dgls.evaluation.beside import measure_beside
    from dgls.evaluation.resuming import measure_resuming
    from dgls.model.host import load_host

    command = [sys.executable, "-m", "dgls", "serve", *arguments]
    rounds = QUICK_ROUNDS if quick else ROUNDS
    yield of_latency(asyncio.run(measure(command, rounds, SEED, say)))
    yield of_keystrokes(asyncio.run(measure_keystrokes(command, rounds, SEED, say)))
    say("a keystroke storm")
    seconds = QUICK_STORM_SECONDS if quick else STORM_SECONDS
    yield {"storm": asyncio.run(measure_storm(command, seconds))._asdict()}
    shared_rounds = QUICK_SHARED_ROUNDS if quick else SHARED_ROUNDS
    yield {"shared": asyncio.run(measure_sharing(command, shared_rounds, SEED, say))._asdict()}
    say("one prefill, one step")
    host = load_host(settings.model, lambda fraction, what: None)
    yield measure_passes(host, settings)._asdict()
    say("requests in a file of 10,000 lines")
    beside = measure_beside(host, rounds, SEED, settings.infill)
    yield {
        "request_ms": {**beside.whole._asdict(), "requests": beside.requests},
        "beside_ms": beside.beside._asdict(),
    }
    say("departures, resumed and anew")
    cuts = choose_cuts(QUICK_RESUMED_GAPS if quick else RESUMED_GAPS, SEED)
    yield {"resuming": msgspec.to_builtins(measure_resuming(host, cuts, settings.infill, lambda done: None))}
    say("verdicts")
    verdicts = measure_verdicts(QUICK_VERDICT_GAPS if quick else VERDICT_GAPS, SEED)
    yield {
        "verdict_ms": {
            language: {place: times._asdict() for place, times in places.items()}
            for language, places in verdicts.items()
        }
    }


def measure_passes(host: "Host", settings: Settings) -> Passes:
    """Fill one gap late in the file, with an empty prefix store, in this process."""
    from dgls.infill.fill import fill_gaps

    text = FILE.text
    cursor, end = spans_of(text, "rest of a line")[-1]
    request = FillRequest(
        text[:cursor] + text[end:],
        (Gap(cursor, cursor),),
        "python",
        FILE.path.name,
        settings.infill,
        single_line=True,
    )
    prefill, steps, tokens = 0.0, [], 0
    last = time.perf_counter()
    for event in fill_gaps(host, host.new_store(), request):
        now = time.perf_counter()
        if isinstance(event, Prefilled):
            prefill += now - last
            tokens = event.total
        elif isinstance(event, Frame):
            steps.append(now - last)
        last = now
    return Passes(milliseconds(prefill), tokens, milliseconds(statistics.median(steps)))


def of_latency(latency: Latency) -> Measured:
    """As ``--json`` prints it."""
    return {
        "initialize_ms": latency.initialize_ms,
        "load_s": latency.load_s,
        "rss_mb": latency.rss_mb,
        "inline_ms": latency.inline._asdict(),
        "inline_cold_ms": latency.inline_cold._asdict(),
        "cancel_ms": latency.cancel._asdict(),
        "load_stall_ms": {"max": latency.load_stall_ms},
        "loop_stall_ms": {"max": latency.loop_stall_ms},
        "inline_asked": latency.asked,
        "inline_offered": latency.offered,
    }


def of_keystrokes(keystrokes: Keystrokes) -> Measured:
    """As ``--json`` prints it."""
    return {
        "along_ms": {**keystrokes.along._asdict(), "keystrokes": keystrokes.along_count},
        "held_back_ms": keystrokes.held_back._asdict(),
        "cancelled_ms": keystrokes.cancelled._asdict(),
        "long_ms": {**keystrokes.long._asdict(), "lines": keystrokes.lines[0]},
        "short_ms": {**keystrokes.short._asdict(), "lines": keystrokes.lines[1]},
        "alike": keystrokes.alike._asdict(),
        "accepted_ms": keystrokes.accepted._asdict(),
        "accepted_alone_ms": keystrokes.accepted_alone._asdict(),
    }


def machine(settings: Settings, rounds: int) -> Measured:
    """What is measured, and on what."""
    return {
        "machine": {
            "dgls": dgls.__version__,
            "checkpoint": settings.model.checkpoint,
            "device": settings.model.device,
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "torch": version("torch"),
            "transformers": version("transformers"),
            "file": FILE.module,
            "lines": FILE.text.count("\n"),
            "rounds": rounds,
        },
    }
