"""`dgls eval thresholds`: what is shown of fills by confidence, and the command over a few real gaps."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dgls.evaluation.thresholds import LEASTS, TRIMS, USUAL_TRIM, Fills, shown_with
from dgls.server.inline import CONFIDENT

GAPS = [
    Fills("total(items)", [("total(items)", 0.9), ("total", 0.4)]),
    Fills("total(items)", [("totally", 0.6), ("total", 0.7)]),
    Fills("return x", [("re", 0.3)]),
    Fills("return x", []),
]


def test_the_defaults_are_among_what_is_tried() -> None:
    assert USUAL_TRIM == CONFIDENT
    assert USUAL_TRIM in TRIMS and 0.0 in LEASTS


@pytest.mark.parametrize(
    ("least", "shown", "right", "exact", "won"),
    [(0.0, 0.75, 2 / 3, 1 / 3, 14 / 4), (0.5, 0.5, 0.5, 0.5, 3.0), (0.65, 0.5, 1.0, 0.5, 17 / 4)],
)
def test_the_best_that_is_likely_enough_is_shown(
    least: float, shown: float, right: float, exact: float, won: float
) -> None:
    row = shown_with(least, 0.2, GAPS)
    assert row.right is not None and row.exact is not None
    assert (row.shown.estimate, row.won) == (shown, won)
    assert (row.right.estimate, row.exact.estimate) == pytest.approx((right, exact))


def test_what_departs_is_sound_up_to_there() -> None:
    row = shown_with(0.5, 0.2, GAPS)
    assert row.sound is not None
    assert row.sound.estimate == pytest.approx((1 + 5 / 7) / 2)
    assert row.length == (12 + 7) / 2


def test_where_nothing_is_shown_nothing_is_right_or_wrong() -> None:
    row = shown_with(0.95, 0.2, GAPS)
    assert (row.shown.estimate, row.right, row.exact, row.sound, row.length, row.won) == (
        0.0,
        *[None] * 4,
        0.0,
    )


def test_the_command_prints_a_row_per_threshold(tiny_dgls: Path, tmp_path: Path) -> None:
    source = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n\n"
    (tmp_path / "a.py").write_text("".join(source.replace("total", f"total{n}") for n in range(9)))
    arguments = ["eval", "thresholds", str(tmp_path), "--gaps", "2", "--checkpoint", str(tiny_dgls), "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "dgls", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)["rows"]
    assert [row["least"] for row in rows] == [*LEASTS, *[0.5] * len(TRIMS)]
    shares = [row["shown"]["estimate"] for row in rows[: len(LEASTS)]]
    assert shares == sorted(shares, reverse=True)
