"""``dgls eval``: what a checkpoint can do, measured on source that it was not trained on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.both_sides import BothSides, cut_gaps, measure
from dgls.evaluation.cuts import ModuleMissing, choose_cuts
from dgls.evaluation.holdout import HoldoutError
from dgls.evaluation.measure_commands import (
    cross_file,
    cut_out,
    holdout,
    humaneval_infilling,
    source_options,
)
from dgls.evaluation.provenance import Header, hash_of_modules, hash_of_texts, header_of, lines_of
from dgls.evaluation.report import list_of, print_lines
from dgls.evaluation.resuming import Resuming, measure_resuming
from dgls.evaluation.statistics import Interval
from dgls.evaluation.thresholds import Shown, measure_thresholds
from dgls.model.description import CheckpointError
from dgls.model.host import load_host
from dgls.training.corpus import CorpusError, read_documents

console = Console(stderr=True)


@click.group(name="eval")
def evaluate() -> None:
    """Measure a checkpoint."""


evaluate.add_command(humaneval_infilling)
evaluate.add_command(holdout)
evaluate.add_command(cross_file)


@evaluate.command("both-sides")
@click.option("--checkpoint", default=ModelSettings().checkpoint, show_default=True)
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("run", "corpus"),
    show_default=True,
    help="A corpus, whose held-out packages are used.",
)
@click.option("--gaps", type=click.IntRange(min=2), default=2000, show_default=True)
@click.option(
    "--context-tokens",
    type=click.IntRange(min=64),
    default=512,
    show_default=True,
    help="Tokens the encoder reads.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--markdown", is_flag=True, help="Print the section for a model card.")
def both_sides(
    checkpoint: str, corpus: Path, gaps: int, context_tokens: int, seed: int, as_json: bool, markdown: bool
) -> None:
    """Does it use the suffix? Cross-entropy of held-out gaps with it, near and far, and without it; exact match."""
    model, settings = ModelSettings(checkpoint=checkpoint), InfillSettings(context_tokens=context_tokens)
    try:
        host = load_host(model, lambda fraction, what: None)
        documents = read_documents(corpus, "heldout")
        cut = cut_gaps(documents, gaps, host, seed)
        texts = ((f"{document.package}/{document.name}", document.text) for document in documents)
        header = _header(f"{corpus} (held out)", hash_of_texts(texts), model, seed, settings)
    except (CheckpointError, CorpusError) as error:
        raise click.ClickException(str(error)) from error
    if len(cut) < gaps:
        raise click.ClickException(f"{corpus} holds out enough for {len(cut)} gaps only; ask for fewer")
    with Progress(console=console) as progress:
        task = progress.add_task("gaps", total=len(cut))
        outcome = measure(host, cut, settings, lambda done: progress.update(task, completed=done))
    if as_json:
        _print_json(header, msgspec.to_builtins(outcome))
    elif markdown:
        click.echo("\n".join([_markdown(outcome), "", *list_of(lines_of(header))]))
    else:
        _print_table(_table(outcome), header)


def _header(benchmark: str, sha256: str, model: ModelSettings, seed: int, settings: InfillSettings) -> Header:
    return header_of(benchmark, sha256, model, seed, {"infill": msgspec.to_builtins(settings)})


def _print_json(header: Header, found: Mapping[str, Any]) -> None:
    click.echo(msgspec.json.encode({"header": header, **found}).decode())


def _print_table(table: Table, header: Header) -> None:
    printed = Console()
    printed.print(table)
    print_lines(printed, lines_of(header))


def _rows(outcome: BothSides) -> list[tuple[str, str]]:
    def interval(value: Interval, form: str) -> str:
        return f"{value.estimate:{form}} ({value.low:{form}} to {value.high:{form}})"

    rows = []
    for name, compared in (("any order", outcome.any_order), ("from noise", outcome.from_noise)):
        rows += [
            (f"{name}: cross-entropy with the suffix, nats per token", interval(compared.with_suffix, ".3f")),
            (f"{name}: without the suffix", interval(compared.without_suffix, ".3f")),
            (f"{name}: what the suffix is worth, paired", interval(compared.difference, ".3f")),
        ]
    return [
        *rows,
        ("exact match of the offered fill", interval(outcome.exact, ".1%")),
        ("gaps that get an offer", interval(outcome.offered, ".1%")),
        ("decoder passes per gap", f"{outcome.mean_nfe:.1f}"),
    ]


def _table(outcome: BothSides) -> Table:
    table = Table(title=f"{outcome.gaps} held-out gaps")
    table.add_column("measure")
    table.add_column("estimate (95 % interval)", justify="right")
    for row in _rows(outcome):
        table.add_row(*row)
    return table


def _markdown(outcome: BothSides) -> str:
    rows = "\n".join(f"| {name} | {value} |" for name, value in _rows(outcome))
    return (
        f"## How well it does\n\nMeasured on {outcome.gaps} gaps of the training mix, cut out of held-out packages, by "
        f"`dgls eval both-sides --gaps {outcome.gaps}`. *Any order*: at the true length, with a random number of "
        "tokens masked. *From noise*: over-allocated, in one pass. Exact match takes the whole path.\n\n"
        f"| measure | estimate (95 % interval) |\n| --- | ---: |\n{rows}"
    )


@evaluate.command("resume")
@click.option("--checkpoint", default=ModelSettings().checkpoint, show_default=True)
@click.option("--gaps", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def resume(checkpoint: str, gaps: int, seed: int, as_json: bool) -> None:
    """Does it pay to resume the last canvas? Against starting anew, wherever typing departs from what was shown.

    The files are those of Python's standard library that no checkpoint was trained on.
    """
    model, settings = ModelSettings(checkpoint=checkpoint, threads=1), InfillSettings()
    try:
        host = load_host(model, lambda fraction, what: None)
        cuts = choose_cuts(gaps, seed)
        header = _header("modules of the standard library", hash_of_modules(), model, seed, settings)
    except (CheckpointError, ModuleMissing) as error:
        raise click.ClickException(str(error)) from error
    with Progress(console=console) as progress:
        task = progress.add_task("gaps", total=gaps)
        outcome = measure_resuming(host, cuts, settings, lambda done: progress.update(task, completed=done))
    if as_json:
        _print_json(header, msgspec.to_builtins(outcome))
    else:
        _print_table(_resuming_table(outcome), header)


def _resuming_table(outcome: Resuming) -> Table:
    table = Table(title=f"{outcome.departures} departures in {outcome.gaps} gaps")
    for heading in ("", "resumed", "anew"):
        table.add_column(heading, justify="right" if heading else "left")
    for what, field, form in (
        ("with an offer", "offered", ".1%"),
        ("exactly what stood there", "exact", ".1%"),
        ("likeness to it, 0 to 1", "likeness", ".3f"),
        ("decoder passes, repair included", "steps", ".1f"),
        ("with a prefill", "prefilled", ".1%"),
        ("processor ms, mean", "cpu_ms", ",.0f"),
        ("processor ms, median", "cpu_ms_median", ",.0f"),
    ):
        table.add_row(what, *(f"{getattr(way, field):{form}}" for way in (outcome.resumed, outcome.anew)))
    table.add_row("departures that had to start anew", str(outcome.unresumed), "")
    return table


@evaluate.command("thresholds")
@source_options
@click.option("--checkpoint", default=ModelSettings().checkpoint, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--markdown", is_flag=True, help="Print a table for a document.")
def thresholds(
    folder: Path | None,
    corpus: Path | None,
    languages: tuple[str, ...],
    gaps: int,
    checkpoint: str,
    seed: int,
    as_json: bool,
    markdown: bool,
) -> None:
    """From which confidence on is it worth showing? Gaps of source files, asked for as typing asks.

    The checkpoint must not have read the files under DIR.
    """
    model, settings = ModelSettings(checkpoint=checkpoint), InfillSettings()
    try:
        name, sources, cases = cut_out(folder, corpus, languages, gaps, seed)
        host = load_host(model, lambda fraction, what: None)
        header = _header(name, sources.sha256, model, seed, settings)
    except (CheckpointError, CorpusError, HoldoutError) as error:
        raise click.ClickException(str(error)) from error
    with Progress(console=console) as progress:
        task = progress.add_task("gaps", total=len(cases))
        rows = measure_thresholds(host, cases, settings, lambda done: progress.update(task, completed=done))
    if as_json:
        _print_json(header, {"rows": rows})
    elif markdown:
        click.echo(f"| {' | '.join(THRESHOLD_COLUMNS)} |\n|{' ---: |' * len(THRESHOLD_COLUMNS)}")
        for row in rows:
            click.echo(f"| {' | '.join(_threshold_cells(row))} |")
        click.echo("\n".join(["", *list_of(lines_of(header))]))
    else:
        table = Table(*THRESHOLD_COLUMNS, title=f"{len(cases)} gaps")
        for row in rows:
            table.add_row(*_threshold_cells(row))
        _print_table(table, header)


THRESHOLD_COLUMNS = (
    *("at least", "ends before", "shown", "right as far as it goes", "exact", "characters"),
    *("of them sound", "right characters per gap"),
)


def _threshold_cells(row: Shown) -> list[str]:
    def share(value: Interval | None) -> str:
        return "" if value is None else f"{value.estimate:.1%} ({value.low:.1%} to {value.high:.1%})"

    length = "" if row.length is None else f"{row.length:.1f}"
    return [
        *(f"{row.least:g}", f"{row.trim:g}", share(row.shown), share(row.right), share(row.exact), length),
        *(share(row.sound), f"{row.won:.2f}"),
    ]
