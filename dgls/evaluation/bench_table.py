"""What `dgls bench` has measured, for people: a row per measure, its limit, and whether that is met.

The limits are those for 2 cores, quiet but for the bench, and the embedded checkpoint.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from rich.table import Table

Column = str


class Row(NamedTuple):
    """One measure: values by column (p50, p95, p99), and limits for some of them."""

    what: str
    unit: str
    values: dict[Column, float | None]
    limits: Mapping[Column, float] = MappingProxyType({})

    @property
    def verdict(self) -> str:
        """Whether the limits are met; empty where there are none."""
        found = [(self.values[column], limit) for column, limit in self.limits.items()]
        if not found:
            return ""
        if any(value is None for value, _ in found):
            return "not measured"
        return "met" if all(value <= limit for value, limit in found if value is not None) else "MISSED"


WIDTH = 118
"""Columns of a table, at least: those of all parts are alike."""
Measured = dict[str, Any]
"""What was measured so far, as ``--json`` prints it."""


class Part(NamedTuple):
    """A part of the bench, of which ``key`` is measured among others."""

    title: str
    key: str
    rows: Callable[[Measured], Iterator[Row]]


def rows(measured: Measured) -> Iterator[Row]:
    """The rows of all parts that were measured."""
    for part in PARTS:
        if part.key in measured:
            yield from part.rows(measured)


def _one(what: str, unit: str, value: float | None, limit: float | None = None) -> Row:
    return Row(what, unit, {"p50": value}, {} if limit is None else {"p50": limit})


def _spread(what: str, times: Mapping[str, Any], **limits: float) -> Row:
    return Row(what, "ms", {name: times[name] for name in ("p50", "p95", "p99")}, limits)


def _slowest(*times: Mapping[str, Any]) -> dict[str, float | None]:
    """The highest of each column, so that no kind hides among others; none where one was not measured."""
    columns = {name: [one[name] for one in times] for name in ("p50", "p95", "p99")}
    return {name: None if None in found else max(found) for name, found in columns.items()}


def _ghost_text(measured: Measured) -> Iterator[Row]:
    yield _one("start to initialize answered", "ms", measured["initialize_ms"], 1000)
    yield _one("start to ready", "s", measured["load_s"], 10)
    yield _one("resident memory, highest", "MB", measured["rss_mb"], 1500)
    yield _one("event loop stalled while loading, longest", "ms", measured["load_stall_ms"]["max"], 300)
    yield _one("event loop stalled afterwards, longest", "ms", measured["loop_stall_ms"]["max"], 20)
    yield _spread("inline, warm", measured["inline_ms"], p50=400, p95=900)
    yield _spread("inline, cold", measured["inline_cold_ms"], p50=1500)
    offered = 100 * measured["inline_offered"] / measured["inline_asked"]
    yield _one("inline requests with an offer", "%", offered)


def _keystrokes(measured: Measured) -> Iterator[Row]:
    along, long, short = (measured[name] for name in ("along_ms", "long_ms", "short_ms"))
    held_back, cancelled = measured["held_back_ms"], measured["cancelled_ms"]
    yield _spread("typed along, 10,000 lines", along, p99=10)
    yield _spread("held back after a deletion, 10,000 lines", held_back)
    yield _spread("cancelled by the next keystroke, 10,000 lines", cancelled)
    yield _spread(
        "  the server without the model: slowest of these", _slowest(along, held_back, cancelled), p99=5
    )
    yield _spread(f"inline, {long['lines']:,} lines", long)
    yield _spread(f"inline, {short['lines']:,} lines", short)
    alike = measured["alike"]
    ratio = None if None in (long["p50"], short["p50"]) else round(long["p50"] / short["p50"], 3)
    yield _one("  long file against short one", "times", ratio, 1.3)
    what = f"  long file against short one, {alike['pairs']} pairs with as many passes"
    yield _one(what, "times", alike["ratio"], 1.3)
    yield _spread("behind a fill accepted, filled ahead", measured["accepted_ms"])
    yield _spread("behind a fill accepted, else", measured["accepted_alone_ms"])


def _storm(measured: Measured) -> Iterator[Row]:
    storm = measured["storm"]
    title = f"storm, {storm['keystrokes']:,} keystrokes, {storm['per_second']} a second"
    yield _one(f"{title}: stale of {storm['offered']:,} answers", "", storm["stale"], 0)
    yield _one("  requests open at once, most", "", storm["most_open"], 2)
    yield _one("  memory grown in the second half", "MB", storm["grown_mb"], 4)


def _sharing(measured: Measured) -> Iterator[Row]:
    shared = measured["shared"]
    title = f"{shared['windows']} windows at once: longest wait, in fair shares"
    yield _one(title, "", shared["wait_largest"], 2)
    yield _one("  resident memory of a window's process", "MB", shared["window_rss_mb"])
    yield _one("  resident memory of the shared server", "MB", shared["server_rss_mb"])


def _passes(measured: Measured) -> Iterator[Row]:
    yield _one(f"prefill of {measured['prefill_tokens']} tokens", "ms", measured["prefill_ms"])
    yield _one("denoising step", "ms", measured["step_ms"])
    if "cancel_ms" in measured:
        yield _spread("cancel: at most a denoising step", measured["cancel_ms"], p95=measured["step_ms"])


def _beside(measured: Measured) -> Iterator[Row]:
    yield _spread("from the request to the fill, empty prefix store", measured["request_ms"])
    yield _spread("  of this, beside prefill and steps", measured["beside_ms"])


def _resuming(measured: Measured) -> Iterator[Row]:
    for way in ("resumed", "anew"):
        found = measured["resuming"][way]
        yield _one(f"typed otherwise, {way}: {found['steps']:.1f} passes", "ms", found["cpu_ms_median"])


def _verdicts(measured: Measured) -> Iterator[Row]:
    for language, places in measured["verdict_ms"].items():
        for place, times in places.items():
            values = {"p50": times["p50"], "p99": times["p99"]}
            yield Row(f"verdict, {place} {language}", "ms", values, {"p50": 1, "p99": 5})
            first = {"p50": times["first_p50"], "p99": times["first_p99"]}
            yield Row("  found once per request", "ms", first)


PARTS = (
    Part("ghost text in a file of 500 lines", "inline_ms", _ghost_text),
    Part("between keystrokes", "along_ms", _keystrokes),
    Part("a keystroke storm", "storm", _storm),
    Part("many windows on one server", "shared", _sharing),
    Part("one prefill, one step", "step_ms", _passes),
    Part("a request that the model works on, in a file of 10,000 lines", "beside_ms", _beside),
    Part("typing into canvases", "resuming", _resuming),
    Part("verdicts", "verdict_ms", _verdicts),
)
"""In the order in which they are measured."""


def missed(measured: dict[str, Any]) -> list[str]:
    """The measures whose limits are not met, or could not be told."""
    return [row.what.strip() for row in rows(measured) if row.verdict not in ("", "met")]


def headline(machine: Mapping[str, Any]) -> str:
    """What is measured, and on what."""
    return (
        f"dgls {machine['dgls']} with {machine['checkpoint']}; {machine['cores']} cores, torch {machine['torch']}, "
        f"Python {machine['python']}; limits are for 2 quiet cores and the embedded checkpoint"
    )


def table(part: Part, measured: Measured) -> Table:
    """What was measured in one part."""
    table = Table(title=part.title, title_justify="left", min_width=WIDTH)
    for heading in ("", "p50", "p95", "p99", "limit", ""):
        table.add_column(heading, justify="right" if heading else "left", ratio=None if heading else 1)
    for row in part.rows(measured):
        shown = [_shown(row.values.get(column), row.unit) for column in ("p50", "p95", "p99")]
        names = len(row.values) > 1
        limits = " / ".join(
            _shown(limit, row.unit) + (f" ({column})" if names else "")
            for column, limit in row.limits.items()
        )
        table.add_row(row.what, *shown, limits, row.verdict)
    return table


def _shown(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.4g} {unit}".rstrip()
