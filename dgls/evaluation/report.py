"""What a measurement found, for people and programs: tables for a terminal and in Markdown, and one JSON object."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from dgls.evaluation.provenance import Header, lines_of
from dgls.evaluation.statistics import Interval
from dgls.evaluation.summary import Likelihood, OtherContext, Row, Summary
from dgls.evaluation.variants import DEFAULT


class Report(msgspec.Struct, frozen=True):
    """All that was found; ``notes`` are what a reader must know besides."""

    header: Header
    cases: int
    rows: list[Row]
    likelihood: Likelihood | None
    notes: list[str]
    other_contexts: list[OtherContext] = []

    @property
    def title(self) -> str:
        """What was measured, on how many cases, with which checkpoint."""
        which = f"{self.header.checkpoint} {(self.header.checkpoint_sha256 or '')[:12]}"
        return f"{self.header.benchmark}, {self.cases} cases, checkpoint {which}"


class _Sheet(NamedTuple):
    """A table before it is drawn: the first column names, the others are measures; an interval is a second line."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def print_report(report: Report) -> None:
    """Print the tables to standard output."""
    console = Console()
    console.print(f"[bold]{report.title}[/bold]", highlight=False)
    for sheet in _sheets(report):
        console.print(f"\n{sheet.title}", highlight=False)
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
        for index, column in enumerate(sheet.columns):
            table.add_column(column, justify="right" if index else "left", overflow="fold")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
    print_lines(console, [*report.notes, *lines_of(report.header)])


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Print what stands below a table."""
    for line in lines:
        console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)


def markdown_of(report: Report) -> str:
    """A section of a Markdown document."""
    lines = [f"### {report.title}", ""]
    for sheet in _sheets(report):
        lines += [
            f"{sheet.title}:",
            "",
            _bar(sheet.columns),
            _bar(["---", *["---:"] * (len(sheet.columns) - 1)]),
        ]
        lines += [*(_bar(row) for row in sheet.rows), ""]
    lines += list_of([*report.notes, *lines_of(report.header)])
    return "\n".join(lines) + "\n"


def list_of(lines: Iterable[str]) -> list[str]:
    """The lines of a list in Markdown."""
    return [f"- {line}" for line in lines]


def json_of(report: Report) -> str:
    """One JSON object with all numbers."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def write_aside(path: Path, content: bytes) -> None:
    """Put ``content`` into ``path`` whole or not at all."""
    aside = path.with_name(path.name + ".partial")
    aside.write_bytes(content)
    aside.replace(path)


def _sheets(report: Report) -> list[_Sheet]:
    rows = report.rows
    tested = any(row.summary.pass_at_1 is not None for row in rows)
    sheets = [
        _quality("What is filled in: shares in percent, with 95 % intervals", "row", tested, _named(rows)),
        _cost(rows),
    ]
    if len(rows) > 1:
        sheets.append(_against_default(rows, "pass@1" if tested else "exact match"))
    default = next(row for row in rows if row.variant.name == DEFAULT)
    if default.groups:
        groups = [(group.value, group.summary) for group in default.groups]
        sheets.append(_quality("The default, by groups of cases", "group", tested, groups, counted=True))
    if report.likelihood is not None:
        sheets.append(_likelihood(report.likelihood))
    if report.other_contexts:
        sheets.append(_other_contexts(report.other_contexts))
    return sheets


def _named(rows: Sequence[Row]) -> list[tuple[str, Summary]]:
    return [(row.variant.name, row.summary) for row in rows]


def _quality(
    title: str, first: str, tested: bool, named: Sequence[tuple[str, Summary]], *, counted: bool = False
) -> _Sheet:
    columns = [first, *["cases"] * counted, *["pass@1"] * tested, "exact", "similarity"]
    columns += ["parses", "above empty", "offered", "shortened"]
    lines = []
    for name, summary in named:
        line = [name, *[str(summary.cases)] * counted]
        if tested:
            line.append(_share(summary.pass_at_1))
        line += [_share(summary.exact), f"{summary.similarity:.3f}", _share(summary.parses)]
        line += [
            f"{100 * summary.parses_above_empty:+.1f}",
            _share(summary.offered),
            _share(summary.shortened),
        ]
        lines.append(line)
    return _Sheet(title, columns, lines)


def _cost(rows: Sequence[Row]) -> _Sheet:
    columns = ["row", "NFE per fill", "tokens per NFE", "context tokens", "p50 ms", "p95 ms"]
    lines = [
        [
            row.variant.name,
            _number(row.summary.nfe_per_fill),
            _number(row.summary.tokens_per_nfe),
            _number(row.summary.context, 0),
            _number(row.summary.p50_ms, 0),
            _number(row.summary.p95_ms, 0),
        ]
        for row in rows
    ]
    return _Sheet("What it costs", columns, lines)


def _against_default(rows: Sequence[Row], success: str) -> _Sheet:
    lines = []
    for row in rows:
        if paired := row.against_default:
            line = [row.variant.name, str(paired.better), str(paired.worse), f"{paired.p:.3g}"]
            lines.append([*line, _interval(paired.similarity, "+.3f")])
    title = (
        f"Against the default, on the same cases: {success} gained and lost (McNemar's p), edit similarity"
    )
    return _Sheet(title, ["row", "gained", "lost", "p", "similarity"], lines)


def _likelihood(found: Likelihood) -> _Sheet:
    lines = [
        ["decoder, any order, both sides", _interval(found.any_order, ".3f")],
        ["encoder, left to right, prefix only", _interval(found.left_to_right, ".3f")],
        ["what both sides are worth, paired", _interval(found.difference, "+.3f")],
    ]
    title = f"Cross-entropy of what stood there, nats per token, {found.cases} cases"
    return _Sheet(title, ["measure", "mean (95 % interval)"], lines)


def _other_contexts(found: Sequence[OtherContext]) -> _Sheet:
    lines = [
        [
            other.variant,
            _interval(other.any_order, ".3f"),
            _interval(other.any_order_gain, "+.3f"),
            _interval(other.left_to_right, ".3f"),
            _interval(other.left_to_right_gain, "+.3f"),
        ]
        for other in found
    ]
    title = "The same where the model reads more, and what that is worth against the default, paired"
    return _Sheet(title, ["row", "decoder, any order", "gain", "encoder, left to right", "gain "], lines)


def _share(value: Interval | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value.estimate:.1f}\n{100 * value.low:.1f}-{100 * value.high:.1f}"


def _interval(value: Interval | None, form: str) -> str:
    return "-" if value is None else f"{value.estimate:{form}}\n{value.low:{form}} to {value.high:{form}}"


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _bar(cells: Sequence[str]) -> str:
    """A line of a Markdown table."""
    one_line = (re.sub(r"\n(.*)", r" (\1)", cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(one_line)} |"
