"""`dgls bench`: how fast and how big dgls is on this machine, as an editor sees it.

A server of its own is measured over standard input and output (``latency.py``). What only the inside can
tell, one prefill, one denoising step and verdicts (``verdicts.py``), is measured in this process afterwards.
"""

import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

import dgls
from dgls.config import Settings
from dgls.evaluation.cuts import choose_cuts, spans_of
from dgls.evaluation.keystrokes import Keystrokes, measure_keystrokes
from dgls.evaluation.latency import FILE, Latency, measure, milliseconds
from dgls.evaluation.sharing import Sharing, measure_sharing
from dgls.evaluation.storm import Storm, measure_storm
from dgls.evaluation.verdicts import Verdicts, measure_verdicts
from dgls.infill.request import FillRequest, Frame, Gap, Prefilled

if TYPE_CHECKING:
    from dgls.evaluation.resuming import Resuming
    from dgls.model.host import Host

ROUNDS, QUICK_ROUNDS = 30, 1
VERDICT_GAPS, QUICK_VERDICT_GAPS = 100, 2
RESUMED_GAPS, QUICK_RESUMED_GAPS = 20, 1
STORM_SECONDS, QUICK_STORM_SECONDS = 60.0, 1.0
SEED = 0


class Passes(NamedTuple):
    """What the model alone takes, in milliseconds: to prefill ``prefill_tokens``, and for one step."""

    prefill_ms: float
    prefill_tokens: int
    step_ms: float


def bench(settings: Settings, arguments: Sequence[str], *, quick: bool, as_json: bool) -> None:
    """Measure and print; ``arguments`` are the options of `dgls serve` that give these ``settings``.

    Raises ServerError where the server fails, and CheckpointError.
    """
    from dgls.evaluation.resuming import measure_resuming
    from dgls.model.host import load_host

    console = Console(stderr=True)
    rounds = QUICK_ROUNDS if quick else ROUNDS
    command = [sys.executable, "-m", "dgls", "serve", *arguments]
    with console.status("") as status:

        def say(what: str) -> None:
            status.update(what)

        latency = asyncio.run(measure(command, rounds, SEED, say))
        sharing = asyncio.run(measure_sharing(command, max(1, rounds // 10), SEED, say))
        keystrokes = asyncio.run(measure_keystrokes(command, rounds, SEED, say))
        say("a keystroke storm")
        storm = asyncio.run(measure_storm(command, QUICK_STORM_SECONDS if quick else STORM_SECONDS))
        say("one prefill, one step")
        host = load_host(settings.model, lambda fraction, what: None)
        passes = measure_passes(host, settings)
        say("departures, resumed and anew")
        cuts = choose_cuts(QUICK_RESUMED_GAPS if quick else RESUMED_GAPS, SEED)
        resuming = measure_resuming(host, cuts, settings.infill, lambda done: None)
        say("verdicts")
        verdicts = measure_verdicts(QUICK_VERDICT_GAPS if quick else VERDICT_GAPS, SEED)
    measured = report(latency, sharing, keystrokes, storm, passes, resuming, verdicts, settings, rounds)
    if as_json:
        print(json.dumps(measured))
    else:
        Console().print(table(measured))


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


def report(
    latency: Latency,
    sharing: Sharing,
    keystrokes: Keystrokes,
    storm: Storm,
    passes: Passes,
    resuming: "Resuming",
    verdicts: Verdicts,
    settings: Settings,
    rounds: int,
) -> dict[str, Any]:
    """All that was measured, as ``--json`` prints it."""
    return {
        "initialize_ms": latency.initialize_ms,
        "load_s": latency.load_s,
        "rss_mb": latency.rss_mb,
        "prefill_ms": passes.prefill_ms,
        "prefill_tokens": passes.prefill_tokens,
        "step_ms": passes.step_ms,
        "inline_ms": latency.inline._asdict(),
        "inline_cold_ms": latency.inline_cold._asdict(),
        "cancel_ms": latency.cancel._asdict(),
        "along_ms": {**keystrokes.along._asdict(), "keystrokes": keystrokes.along_count},
        "long_ms": {**keystrokes.long._asdict(), "lines": keystrokes.lines[0]},
        "short_ms": {**keystrokes.short._asdict(), "lines": keystrokes.lines[1]},
        "accepted_ms": keystrokes.accepted._asdict(),
        "accepted_alone_ms": keystrokes.accepted_alone._asdict(),
        "resuming": msgspec.to_builtins(resuming),
        "loop_stall_ms": {"max": latency.loop_stall_ms},
        "inline_asked": latency.asked,
        "inline_offered": latency.offered,
        "shared": sharing._asdict(),
        "storm": storm._asdict(),
        "verdict_ms": {
            language: {place: times._asdict() for place, times in places.items()}
            for language, places in verdicts.items()
        },
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


def table(measured: dict[str, Any]) -> Table:
    """What was measured, for people; the limits are those for 2 cores and the embedded checkpoint."""
    machine = measured["machine"]
    table = Table(
        title=f"dgls {machine['dgls']} with {machine['checkpoint']}, file of {machine['lines']} lines",
        caption=f"{machine['cores']} cores, torch {machine['torch']}, Python {machine['python']}",
    )
    for heading in ("", "p50", "p95", "p99", "limit"):
        table.add_column(heading, justify="right" if heading else "left")

    def row(
        what: str,
        unit: str,
        p50: float | None,
        p95: float | None = None,
        p99: float | None = None,
        limit: str = "",
    ) -> None:
        shown = ("" if value is None else f"{value:,.4g} {unit}" for value in (p50, p95, p99))
        table.add_row(what, *shown, limit)

    row("start to initialize answered", "ms", measured["initialize_ms"], limit="1,000 ms")
    row("start to ready", "s", measured["load_s"], limit="10 s")
    row("resident memory, highest", "MB", measured["rss_mb"], limit="1,500 MB")
    row(f"prefill of {measured['prefill_tokens']} tokens", "ms", measured["prefill_ms"])
    row("denoising step", "ms", measured["step_ms"])
    row("inline, warm", "ms", **measured["inline_ms"], limit="400 / 900 ms")
    row("inline, cold", "ms", **measured["inline_cold_ms"], limit="1,500 ms")
    row("cancel", "ms", **measured["cancel_ms"], limit="a step")
    row("typed along, 10,000 lines", "ms", **_shown(measured["along_ms"]), limit="10 ms (p99)")
    long, short = measured["long_ms"], measured["short_ms"]
    row(f"inline, {long['lines']:,} lines", "ms", **_shown(long), limit=f"1.3 x {short['lines']} lines")
    row(f"inline, {short['lines']:,} lines", "ms", **_shown(short))
    row("behind a fill accepted, filled ahead", "ms", **_shown(measured["accepted_ms"]))
    row("behind a fill accepted, else", "ms", **_shown(measured["accepted_alone_ms"]))
    for way in ("resumed", "anew"):
        one = measured["resuming"][way]
        row(f"typed otherwise, {way}: {one['steps']:.1f} passes", "ms", one["cpu_ms_median"])
    storm = measured["storm"]
    table.add_row(
        f"storm, {storm['keystrokes']:,} keystrokes, {storm['per_second']} a second: stale answers",
        f"{storm['stale']} of {storm['offered']}",
        *("", ""),
        "0",
    )
    row("  requests open at once, most", "", storm["most_open"], limit="2")
    row("  memory grown", "MB", storm["grown_mb"])
    row("event loop stalled, longest", "ms", measured["loop_stall_ms"]["max"], limit="20 ms")
    shared = measured["shared"]
    row(
        f"{shared['windows']} windows at once: longest wait, in fair shares",
        "",
        shared["wait_largest"],
        limit="2",
    )
    row("  resident memory of a window's process", "MB", shared["window_rss_mb"])
    row("  resident memory of the shared server", "MB", shared["server_rss_mb"])
    for language, places in measured["verdict_ms"].items():
        for place, times in places.items():
            limit = "1 / 5 ms"
            row(f"verdict, {place} {language}", "ms", times["p50"], p99=times["p99"], limit=limit)
            row("  found once per request", "ms", times["first_p50"], p99=times["first_p99"])
    table.add_row(
        "inline requests with an offer", f"{measured['inline_offered']} of {measured['inline_asked']}"
    )
    return table


def _shown(times: dict[str, Any]) -> dict[str, Any]:
    """The percentiles of what was measured."""
    return {name: value for name, value in times.items() if name.startswith("p")}
