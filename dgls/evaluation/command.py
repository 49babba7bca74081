"""``dgls eval``: what a checkpoint can do, measured on source that it was not trained on."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.both_sides import BothSides, cut_gaps, measure
from dgls.evaluation.humaneval import (
    BenchmarkError,
    Fill,
    Summary,
    TaskResult,
    choose_tasks,
    fill_empty,
    filler,
    measure_tasks,
    read_tasks,
    summarise,
)
from dgls.evaluation.record import Header, Record, RecordError, hash_of, now, versions
from dgls.evaluation.sandbox import Limits, SandboxError
from dgls.evaluation.statistics import Interval
from dgls.model.checkpoint import find_checkpoint
from dgls.model.description import CheckpointError
from dgls.model.host import load_host
from dgls.training.corpus import CorpusError, read_documents

console = Console(stderr=True)
INTERRUPTED = 130


@click.group(name="eval")
def evaluate() -> None:
    """Measure a checkpoint."""


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
    try:
        host = load_host(ModelSettings(checkpoint=checkpoint), lambda fraction, what: None)
        cut = cut_gaps(read_documents(corpus, "heldout"), gaps, host, seed)
    except (CheckpointError, CorpusError) as error:
        raise click.ClickException(str(error)) from error
    if len(cut) < gaps:
        raise click.ClickException(f"{corpus} holds out enough for {len(cut)} gaps only; ask for fewer")
    settings = InfillSettings(context_tokens=context_tokens)
    with Progress(console=console) as progress:
        task = progress.add_task("gaps", total=len(cut))
        outcome = measure(host, cut, settings, lambda done: progress.update(task, completed=done))
    if as_json:
        click.echo(msgspec.json.encode(outcome).decode())
    elif markdown:
        click.echo(_markdown(outcome))
    else:
        Console().print(_table(outcome))


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


@evaluate.command("humaneval-infilling")
@click.option("--checkpoint", default=ModelSettings().checkpoint, show_default=True)
@click.option(
    "--data",
    "benchmark",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="A file of the benchmark, .jsonl or .jsonl.gz.",
)
@click.option("--limit", type=click.IntRange(min=1), help="So many tasks, drawn by the seed; otherwise all.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--empty", is_flag=True, help="Baseline: fill in nothing; no model is loaded.")
@click.option("--no-repair", is_flag=True, help="Baseline: infill.repair_rounds=0.")
@click.option("--one-step", is_flag=True, help="Baseline: infill.max_steps=1.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A JSONL file that results are added to; finished tasks are not run again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def humaneval_infilling(
    checkpoint: str,
    benchmark: Path,
    limit: int | None,
    seed: int,
    empty: bool,
    no_repair: bool,
    one_step: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """How many gaps of HumanEval-Infilling are filled so that the tests pass, and at what cost.

    The programs run in processes of their own, limited in time, memory and files, and without network.
    """
    if empty and (no_repair or one_step):
        raise click.UsageError("--empty runs no model: --no-repair and --one-step change nothing")
    settings = InfillSettings(seed=seed)
    if no_repair:
        settings = msgspec.structs.replace(settings, repair_rounds=0)
    if one_step:
        settings = msgspec.structs.replace(settings, max_steps=1)
    limits = Limits()
    in_force: dict[str, Any] = {"empty": empty, "limits": limits._asdict()}
    fill: Fill = fill_empty
    folder: Path | None = None
    try:
        tasks = choose_tasks(read_tasks(benchmark), limit, seed)
        if not empty:
            host = load_host(ModelSettings(checkpoint=checkpoint), lambda fraction, what: None)
            fill, folder = filler(host, settings), find_checkpoint(checkpoint, allow_download=False)
            placed = {"device": str(host.device), "dtype": str(host.dtype)}
            in_force |= {"infill": msgspec.to_builtins(settings), **placed}
        header = Header(
            benchmark=benchmark.name,
            benchmark_sha256=hash_of(benchmark),
            checkpoint=checkpoint if folder else None,
            checkpoint_sha256=hash_of(folder) if folder else None,
            seed=seed,
            settings=in_force,
            versions=versions(),
            command=shlex.join(["dgls", *sys.argv[1:]]),
            date=now(),
        )
        results: list[TaskResult] = []
        with Record(out, header, TaskResult) as record, _progress() as progress:
            bar = progress.add_task("0 passed", total=len(tasks))
            for result in measure_tasks(tasks, fill, record, limits):
                results.append(result)
                passed = sum(result.outcome == "passed" for result in results)
                progress.update(bar, advance=1, description=f"{passed} passed")
    except (BenchmarkError, CheckpointError, RecordError, SandboxError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        console.print(f"interrupted; the same command goes on from {out}" if out else "interrupted")
        sys.exit(INTERRUPTED)
    summary = summarise(results)
    if as_json:
        click.echo(msgspec.json.encode({"header": record.header, "summary": summary}).decode())
    else:
        Console().print(_task_table(record.header, summary))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("remaining"),
        TimeRemainingColumn(),
        console=console,
    )


def _task_table(header: Header, summary: Summary) -> Table:
    which = (
        f"checkpoint {header.checkpoint} {header.checkpoint_sha256[:12]}" if header.checkpoint_sha256 else "-"
    )
    table = Table(
        title=f"{header.benchmark}, {summary.tasks} tasks, {which}",
        caption=f"{header.command}\n{header.date}, seed {header.seed}, dgls {header.versions['dgls']}, "
        f"torch {header.versions['torch']}",
    )
    table.add_column("measure")
    table.add_column("estimate (95 % interval)", justify="right")

    def share(value: Interval) -> str:
        return f"{value.estimate:.1%} ({value.low:.1%} to {value.high:.1%})"

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:,.2f}"

    for name, value in (
        ("pass@1", share(summary.pass_at_1)),
        ("exact match", share(summary.exact)),
        ("edit similarity, mean", f"{summary.similarity:.3f}"),
        ("parses", share(summary.parses)),
        ("parses with nothing filled in", share(summary.parses_empty)),
        ("parses, above that", f"{100 * summary.parses_above_empty:+.1f} points"),
        ("offered", share(summary.offered)),
        ("decoder passes (NFE) per fill", number(summary.nfe_per_fill)),
        ("tokens per decoder pass", number(summary.tokens_per_nfe)),
        ("ms per fill, p50 / p95", f"{number(summary.p50_ms)} / {number(summary.p95_ms)}"),
        ("outcomes", ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())),
    ):
        table.add_row(name, value)
    return table
