"""What `dgls bench` has measured, for people: a row per measure, its limit, and whether that is met.

The limits are those for 2 cores, quiet but for the bench, and the embedded checkpoint.
"""

from collections.abc import Iterator, Mapping
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


def rows(measured: dict[str, Any]) -> Iterator[Row]:
    """Every measure that is a number with a unit, in the order of the table."""

    def one(what: str, unit: str, value: float | None, limit: float | None = None) -> Row:
        return Row(what, unit, {"p50": value}, {} if limit is None else {"p50": limit})

    def spread(what: str, name: str, **limits: float) -> Row:
        times = {column: value for column, value in measured[name].items() if column in ("p50", "p95", "p99")}
        return Row(what, "ms", times, limits)

    yield one("start to initialize answered", "ms", measured["initialize_ms"], 1000)
    yield one("start to ready", "s", measured["load_s"], 10)
    yield one("resident memory, highest", "MB", measured["rss_mb"], 1500)
    yield one("event loop stalled while loading, longest", "ms", measured["load_stall_ms"]["max"], 300)
    yield one("event loop stalled afterwards, longest", "ms", measured["loop_stall_ms"]["max"], 20)
    yield one(f"prefill of {measured['prefill_tokens']} tokens", "ms", measured["prefill_ms"])
    yield one("denoising step", "ms", measured["step_ms"])
    yield spread("inline, warm", "inline_ms", p50=400, p95=900)
    yield spread("inline, cold", "inline_cold_ms", p50=1500)
    yield spread("cancel: at most a denoising step", "cancel_ms", p95=measured["step_ms"])
    yield spread("typed along, 10,000 lines", "along_ms", p99=10)
    yield spread("  of these, the server without the model", "along_ms", p99=5)
    long, short = measured["long_ms"], measured["short_ms"]
    yield spread(f"inline, {long['lines']:,} lines", "long_ms")
    yield spread(f"inline, {short['lines']:,} lines", "short_ms")
    ratio = long["p50"] / short["p50"] if long["p50"] and short["p50"] else None
    yield one("  long file against short one", "times", ratio, 1.3)
    yield spread("behind a fill accepted, filled ahead", "accepted_ms")
    yield spread("behind a fill accepted, else", "accepted_alone_ms")
    for way in ("resumed", "anew"):
        found = measured["resuming"][way]
        yield one(f"typed otherwise, {way}: {found['steps']:.1f} passes", "ms", found["cpu_ms_median"])
    storm = measured["storm"]
    title = f"storm, {storm['keystrokes']:,} keystrokes, {storm['per_second']} a second"
    yield one(f"{title}: stale of {storm['offered']:,} answers", "", storm["stale"], 0)
    yield one("  requests open at once, most", "", storm["most_open"], 2)
    yield one("  memory grown in the second half", "MB", storm["grown_mb"], 4)
    shared = measured["shared"]
    title = f"{shared['windows']} windows at once: longest wait, in fair shares"
    yield one(title, "", shared["wait_largest"], 2)
    yield one("  resident memory of a window's process", "MB", shared["window_rss_mb"])
    yield one("  resident memory of the shared server", "MB", shared["server_rss_mb"])
    for language, places in measured["verdict_ms"].items():
        for place, times in places.items():
            values = {"p50": times["p50"], "p99": times["p99"]}
            yield Row(f"verdict, {place} {language}", "ms", values, {"p50": 1, "p99": 5})
            first = {"p50": times["first_p50"], "p99": times["first_p99"]}
            yield Row("  found once per request", "ms", first)


def missed(measured: dict[str, Any]) -> list[str]:
    """The measures whose limits are not met, or could not be told."""
    return [row.what.strip() for row in rows(measured) if row.verdict not in ("", "met")]


def table(measured: dict[str, Any]) -> Table:
    """All that was measured."""
    machine = measured["machine"]
    table = Table(
        title=f"dgls {machine['dgls']} with {machine['checkpoint']}, file of {machine['lines']} lines",
        caption=f"{machine['cores']} cores, torch {machine['torch']}, Python {machine['python']}; "
        "limits are for 2 quiet cores and the embedded checkpoint",
    )
    for heading in ("", "p50", "p95", "p99", "limit", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows(measured):
        shown = [_shown(row.values.get(column), row.unit) for column in ("p50", "p95", "p99")]
        names = len(row.values) > 1
        limits = " / ".join(
            _shown(limit, row.unit) + (f" ({column})" if names else "")
            for column, limit in row.limits.items()
        )
        table.add_row(row.what, *shown, limits, row.verdict)
    offered = f"{measured['inline_offered']} of {measured['inline_asked']}"
    table.add_row("inline requests with an offer", offered)
    return table


def _shown(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.4g} {unit}".rstrip()
