"""What `dgls bench` says of its measures: each beside its limit, and whether that is met."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from dgls.evaluation.bench_table import PARTS, Row, headline, missed, rows, table

SPREAD = {"p50": 3.0, "p95": 4.0, "p99": 4.5}
MEASURED: dict[str, Any] = {
    **{"initialize_ms": 600.0, "load_s": 5.0, "rss_mb": 470.0},
    **{"prefill_ms": 90.0, "prefill_tokens": 700, "step_ms": 20.0},
    **{"load_stall_ms": {"max": 200.0}, "loop_stall_ms": {"max": 20.0}},
    **{name: SPREAD for name in ("inline_ms", "inline_cold_ms", "cancel_ms", "along_ms")},
    **{name: SPREAD for name in ("held_back_ms", "cancelled_ms", "accepted_ms", "accepted_alone_ms")},
    "request_ms": {"p50": 500.0, "p95": 900.0, "p99": 950.0, "requests": 30},
    "beside_ms": {"p50": 31.0, "p95": 42.0, "p99": 43.0},
    "long_ms": {**SPREAD, "lines": 11_000},
    "short_ms": {**SPREAD, "lines": 100},
    "alike": {"pairs": 20, "ratio": 1.1},
    "resuming": {way: {"steps": 5.0, "cpu_ms_median": 400.0} for way in ("resumed", "anew")},
    "storm": {
        **{"keystrokes": 3000, "per_second": 50.0, "offered": 90},
        **{"stale": 0, "most_open": 2, "grown_mb": 0.5},
    },
    "shared": {"windows": 8, "wait_largest": 1.2, "window_rss_mb": 21.0, "server_rss_mb": 480.0},
    "verdict_ms": {"Python": {"whole": {"p50": 0.4, "p99": 2.0, "first_p50": 3.0, "first_p99": 9.0}}},
    **{"inline_offered": 59, "inline_asked": 60},
    "machine": {
        **{"dgls": "1", "checkpoint": "embedded", "lines": 500},
        **{"cores": 2, "torch": "2", "python": "3"},
    },
}


LONG = "long file against short one"
SERVER_ALONE = "the server without the model: slowest of these"


def test_what_is_at_its_limit_is_met() -> None:
    assert missed(MEASURED) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"loop_stall_ms": {"max": 26.6}}, "event loop stalled afterwards, longest"),
        ({"storm": {**MEASURED["storm"], "grown_mb": 19.0}}, "memory grown in the second half"),
        ({"long_ms": {**SPREAD, "p50": 4.2, "lines": 11_000}}, LONG),
        ({"long_ms": {**SPREAD, "p50": None, "lines": 11_000}}, LONG),
        ({"alike": {"pairs": 20, "ratio": 1.4}}, f"{LONG}, 20 pairs with as many passes"),
        ({"alike": {"pairs": 0, "ratio": None}}, f"{LONG}, 0 pairs with as many passes"),
        ({"along_ms": {**SPREAD, "p99": 6.0}}, SERVER_ALONE),
        ({"held_back_ms": {**SPREAD, "p99": 5.5}}, SERVER_ALONE),
        ({"cancelled_ms": {**SPREAD, "p99": 5.5}}, SERVER_ALONE),
        ({"cancelled_ms": {"p50": None, "p95": None, "p99": None}}, SERVER_ALONE),
        ({"cancel_ms": {**SPREAD, "p95": 20.5}}, "cancel: at most a denoising step"),
    ],
)
def test_what_is_above_its_limit_or_was_not_measured_is_missed(changed: dict[str, object], what: str) -> None:
    assert missed({**MEASURED, **changed}) == [what]


def shown(measured: dict[str, Any]) -> list[str]:
    """The lines of all tables."""
    console = Console(width=160, file=StringIO())
    for part in PARTS:
        if part.key in measured:
            console.print(table(part, measured))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_the_table_shows_limits_and_verdicts() -> None:
    lines = shown({**MEASURED, "loop_stall_ms": {"max": 26.6}})
    [stalled] = [line for line in lines if "stalled afterwards" in line]
    assert "26.6 ms" in stalled and "20 ms" in stalled and "MISSED" in stalled
    [along] = [line for line in lines if "typed along" in line]
    assert "4.5 ms" in along and "10 ms (p99)" in along and "met" in along


def test_the_server_alone_is_as_slow_as_its_slowest_kind_of_keystroke() -> None:
    slow = {"held_back_ms": {**SPREAD, "p50": 3.5}, "cancelled_ms": {**SPREAD, "p95": 4.25}}
    [alone] = [line for line in shown({**MEASURED, **slow}) if SERVER_ALONE in line]
    assert "3.5 ms" in alone and "4.25 ms" in alone and "4.5 ms" in alone and "5 ms (p99)" in alone


def test_what_a_request_costs_beside_the_model_is_shown_below_all_of_it() -> None:
    lines = shown(MEASURED)
    [number] = [number for number, line in enumerate(lines) if "beside prefill and steps" in line]
    assert "31 ms" in lines[number] and "43 ms" in lines[number]
    assert "500 ms" in lines[number - 1]


def test_parts_can_be_shown_as_they_end() -> None:
    lines = shown({name: MEASURED[name] for name in ("storm", "machine")})
    assert any("requests open at once" in line for line in lines)
    assert not any("denoising step" in line for line in lines)
    assert "embedded" in headline(MEASURED["machine"])


def test_a_row_without_limits_has_no_verdict() -> None:
    assert Row("a step", "ms", {"p50": 20.0}).verdict == ""
    assert any(row.verdict == "" for row in rows(MEASURED))
