"""A picture of a report: per measure one panel, per row a point with its 95 % interval."""

import textwrap

from dgls.evaluation.provenance import lines_of
from dgls.evaluation.report import Report
from dgls.evaluation.statistics import Interval
from dgls.plotting import image_of, new_figure

WIDEST = 180
"""Characters of a line below the panels."""


def plot_of(report: Report, ending: str) -> bytes:
    """The plot of ``report`` as a file of the format that ``ending`` names."""
    rows = report.rows
    panels: list[tuple[str, list[Interval | None]]] = [
        ("exact match, %", [_percent(row.summary.exact) for row in rows]),
        ("edit similarity", [_point(row.summary.similarity) for row in rows]),
        ("parses, above empty, points", [_point(100 * row.summary.parses_above_empty) for row in rows]),
        ("offered, %", [_percent(row.summary.offered) for row in rows]),
        ("NFE per fill", [_point(row.summary.nfe_per_fill) for row in rows]),
        ("p50 ms", [_point(row.summary.p50_ms) for row in rows]),
    ]
    if any(row.summary.pass_at_1 for row in rows):
        passes = [_percent(row.summary.pass_at_1) for row in rows]
        panels = [("pass@1, %", passes), *panels[:-2], panels[-1]]
    figure = new_figure(12, 2 * (1.4 + 0.28 * len(rows)))
    heights = range(len(rows), 0, -1)
    for index, (name, values) in enumerate(panels):
        axes = figure.add_subplot(2, 3, index + 1)
        drawn = [(value, height) for value, height in zip(values, heights, strict=True) if value is not None]
        axes.errorbar(
            [value.estimate for value, _ in drawn],
            [height for _, height in drawn],
            xerr=[
                [max(0.0, value.estimate - value.low) for value, _ in drawn],
                [max(0.0, value.high - value.estimate) for value, _ in drawn],
            ],
            fmt="o",
            capsize=3,
        )
        axes.set_yticks(list(heights), [row.variant.name for row in rows] if index % 3 == 0 else [])
        axes.set_ylim(0.5, len(rows) + 0.5)
        axes.set_title(name, fontsize="medium")
        axes.grid(axis="x", alpha=0.3)
    figure.suptitle(report.title, fontsize="medium")
    lines = [part for line in lines_of(report.header) for part in textwrap.wrap(line, WIDEST)]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize="x-small", parse_math=False)
    return image_of(figure, ending)


def _percent(value: Interval | None) -> Interval | None:
    return value and Interval(100 * value.estimate, 100 * value.low, 100 * value.high)


def _point(value: float | None) -> Interval | None:
    return None if value is None else Interval(value, value, value)
