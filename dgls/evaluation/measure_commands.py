"""``dgls eval humaneval-infilling``, ``holdout`` and ``cross-file``: sources of cases, and one way to measure them."""

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click
import msgspec
import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dgls.config import ModelSettings
from dgls.evaluation.case import Case
from dgls.evaluation.cross_file import cut_across, notes_of
from dgls.evaluation.holdout import HoldoutError, Sources, cut_cases, read_folder, sources_of
from dgls.evaluation.humaneval import BenchmarkError, choose_tasks, read_tasks
from dgls.evaluation.measuring import (
    CaseResult,
    Measurement,
    WorkerEnded,
    measure_cases,
    usual_workers,
)
from dgls.evaluation.plot import plot_of
from dgls.evaluation.provenance import hash_of, header_of
from dgls.evaluation.record import Record, RecordError
from dgls.evaluation.report import Report, json_of, markdown_of, print_report, write_aside
from dgls.evaluation.sandbox import Limits, SandboxError
from dgls.evaluation.summary import compare_contexts, compare_likelihoods, summarise
from dgls.evaluation.variants import BASELINES, DEFAULT, Variant, VariantError, choose_variants
from dgls.infill.request import FillError
from dgls.model.checkpoint import find_checkpoint
from dgls.model.description import CheckpointError
from dgls.plotting import PlotError, check_plot
from dgls.training.corpus import CorpusError, read_documents

INTERRUPTED = 130
REFUSALS = (
    *(BenchmarkError, CheckpointError, CorpusError, FillError, HoldoutError, PlotError, RecordError),
    *(SandboxError, VariantError, WorkerEnded),
)
"""What is said in one line."""
WHAT_BASELINES_DO = {
    "empty": "nothing is filled in",
    "autoregressive": "the encoder alone, greedy, from the prefix only",
    "true-length": "as many free positions as the answer has tokens",
    "one-step": "one decoder pass, no repair",
    "no-repair": "no repair",
    "resample": "whole fills drawn anew, for as many passes as repair takes",
    "hide-suffix": "the model sees nothing behind the gap",
}

console = Console(stderr=True)


class Wishes(NamedTuple):
    """The options that all commands have."""

    checkpoint: str
    device: Literal["auto", "cpu", "cuda", "mps"]
    seed: int
    variants: tuple[Variant, ...]
    workers: int
    out: Path | None
    json: Path | None
    markdown: Path | None
    plot: Path | None


class Benchmark(NamedTuple):
    """What is measured: its name, a hash of all that it may draw from, the cases drawn, and what to know of them."""

    name: str
    sha256: str
    cases: Sequence[Case]
    notes: list[str]
    likelihood: bool


def measuring_options(command: Callable[..., Benchmark]) -> Callable[..., None]:
    """Add the options that all commands have; ``command`` gets their seed, and answers what is to be measured."""
    file = click.Path(dir_okay=False, path_type=Path)
    options = [
        click.option("--checkpoint", default=ModelSettings().checkpoint, show_default=True),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto"),
        click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True),
        click.option("--baselines", is_flag=True, help="All of these:"),
        *(
            click.option(f"--{name}", is_flag=True, help=f"Baseline: {WHAT_BASELINES_DO[name]}.")
            for name in BASELINES
        ),
        click.option(
            "--set",
            "assignments",
            metavar="infill.FIELD=VALUE[,…]",
            multiple=True,
            help="One more row, with these settings changed; repeatable.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(1, 64),
            default=usual_workers,
            show_default="2, or 1 on one core",
            help="Processes that measure beside each other; the threads are divided among them.",
        ),
        click.option("--out", type=file, help="A JSONL file of results; the same command goes on from it."),
        click.option("--json", type=file, help="Write all numbers to this file as one JSON object."),
        click.option("--markdown", type=file, help="Write the tables to this file."),
        click.option("--plot", type=file, help="Draw the rows into this .png, .svg or .pdf file."),
    ]

    @functools.wraps(command)
    def measuring(**given: Any) -> None:
        everything = given.pop("baselines")
        chosen = [name for name in BASELINES if given.pop(name.replace("-", "_")) or everything]
        assignments = given.pop("assignments")
        related = given.pop("related", ())
        own = {name: given.pop(name) for name in Wishes._fields if name in given}
        try:
            wishes = Wishes(variants=choose_variants(own["seed"], chosen, assignments, related), **own)
            _check_targets(wishes)
            _measure(wishes, lambda: command(seed=wishes.seed, **given))
        except REFUSALS as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            out = own["out"]
            click.echo(
                f"interrupted; the same command goes on from {out}" if out else "interrupted", err=True
            )
            sys.exit(INTERRUPTED)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), measuring)


@click.command("humaneval-infilling")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="A file of the benchmark, .jsonl or .jsonl.gz.",
)
@click.option("--sha256", help="What the file's SHA-256 must be.")
@click.option("--limit", type=click.IntRange(min=1), help="So many tasks, drawn by the seed; otherwise all.")
@measuring_options
def humaneval_infilling(data: Path, sha256: str | None, limit: int | None, seed: int) -> Benchmark:
    """How many gaps of HumanEval-Infilling are filled so that the tests pass, and at what cost.

    The programs run in processes of their own, limited in time, memory and files, and without network.
    """
    cases = choose_tasks(read_tasks(data, sha256), limit, seed)
    return Benchmark(data.name, hash_of(data), cases, [], likelihood=False)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which source files gaps are cut out of."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    options = [
        click.argument("folder", metavar="[DIR]", type=folder, required=False),
        click.option(
            "--corpus", type=folder, help="Instead of DIR: a corpus, whose held-out packages are used."
        ),
        click.option("--gaps", type=click.IntRange(min=1), default=500, show_default=True),
        click.option(
            "--language",
            "languages",
            metavar="ID",
            multiple=True,
            help="Only files in this language, by its LSP id; repeatable. Otherwise all, equally often.",
        ),
    ]
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def cut_out(
    folder: Path | None, corpus: Path | None, languages: Sequence[str], gaps: int, seed: int
) -> tuple[str, Sources, list[Case]]:
    """What :func:`source_options` say: its name, the files, and the gaps cut out of them."""
    if (folder is None) == (corpus is None):
        raise click.UsageError("name a folder of source files, or a corpus with --corpus; one of the two")
    with console.status("reading source files"):
        if folder is not None:
            name, sources = str(folder), read_folder(folder)
        else:
            assert corpus is not None
            name = f"{corpus} (held out)"
            sources = sources_of(read_documents(corpus, "heldout"), str(corpus))
    if languages:
        sources = sources.only(languages)
    with console.status("cutting gaps") as status:
        cases = cut_cases(sources, gaps, seed, lambda done: status.update(f"cutting gaps: {done}"))
    return name, sources, cases


@click.command("holdout")
@source_options
@measuring_options
def holdout(
    folder: Path | None, corpus: Path | None, gaps: int, languages: tuple[str, ...], seed: int
) -> Benchmark:
    """How well gaps of every kind are filled in the source files under DIR, which the checkpoint must not have read.

    Beside the fills: how likely the model finds what stood in the gaps, denoising with both sides against reading from
    left to right.
    """
    name, sources, cases = cut_out(folder, corpus, languages, gaps, seed)
    return Benchmark(name, sources.sha256, cases, sources.notes(), likelihood=True)


@click.command("cross-file")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--gaps", type=click.IntRange(min=1), default=300, show_default=True)
@click.option(
    "--open",
    "others",
    type=click.IntRange(1, 50),
    default=6,
    show_default=True,
    help="Files of the package that are open beside the gap's: one defines what the gap mentions.",
)
@click.option(
    "--related",
    metavar="TOKENS",
    type=click.IntRange(0, 16_384),
    multiple=True,
    default=(256,),
    show_default=True,
    help="One more row, with so much of the context for related pieces of the open files; repeatable.",
)
@measuring_options
def cross_file(folder: Path, gaps: int, others: int, seed: int) -> Benchmark:
    """Do other open files help? Gaps that mention what another file under DIR defines, with and without them.

    Each folder in DIR is a package; the checkpoint must have read none of them.
    """
    with console.status("reading source files"):
        sources = read_folder(folder)
    with console.status("cutting gaps") as status:
        cases = cut_across(sources, gaps, others, seed, lambda done: status.update(f"cutting gaps: {done}"))
    notes = [*sources.notes(), *notes_of(cases)]
    return Benchmark(str(folder), sources.sha256, cases, notes, likelihood=True)


def _check_targets(wishes: Wishes) -> None:
    """Refuse what could not be written before hours are spent on measuring."""
    for path in (wishes.out, wishes.json, wishes.markdown, wishes.plot):
        if path is not None and not path.absolute().parent.is_dir():
            raise click.BadParameter(f"{path} cannot be written: there is no folder {path.parent}")
    if wishes.plot is not None:
        check_plot(wishes.plot)


def _measure(wishes: Wishes, choose: Callable[[], Benchmark]) -> None:
    find_checkpoint(wishes.checkpoint, allow_download=False)  # before source files are read for minutes
    benchmark = choose()
    threads = max(1, torch.get_num_threads() // wishes.workers)
    model = ModelSettings(checkpoint=wishes.checkpoint, device=wishes.device, threads=threads)
    limits = Limits()
    measurement = Measurement(model, wishes.variants, limits, benchmark.likelihood, wishes.seed)
    header = header_of(
        benchmark.name,
        benchmark.sha256,
        model,
        wishes.seed,
        {
            "limits": limits._asdict(),
            "rows": {variant.name: msgspec.to_builtins(variant) for variant in wishes.variants},
        },
        workers=wishes.workers,
    )
    found: dict[str, CaseResult] = {}
    notes = list(benchmark.notes)
    with Record(wishes.out, header, CaseResult) as record, _progress() as progress:
        if record.results:
            first = record.header
            notes.append(
                f"cases measured before: {len(record.results)}, since {first.date}, by: {first.command}"
            )
        bar = progress.add_task("loading", total=len(benchmark.cases))
        for result in measure_cases(measurement, benchmark.cases, record, wishes.workers):
            found[result.case] = result
            progress.update(bar, completed=len(found), description=_so_far(found))
    results = [found[case.name] for case in benchmark.cases]
    rows = summarise(wishes.variants, benchmark.cases, results)
    others = compare_contexts(wishes.variants, results)
    report = Report(header, len(results), rows, compare_likelihoods(results), notes, others)
    print_report(report)
    _write(wishes, report)


def _write(wishes: Wishes, report: Report) -> None:
    contents: list[tuple[Path | None, Callable[[Path], bytes]]] = [
        (wishes.json, lambda path: json_of(report).encode()),
        (wishes.markdown, lambda path: markdown_of(report).encode()),
        (wishes.plot, lambda path: plot_of(report, path.suffix)),
    ]
    for path, content in contents:
        if path is not None:
            try:
                write_aside(path, content(path))
            except OSError as error:
                raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


def _so_far(found: dict[str, CaseResult]) -> str:
    """How the default does so far."""
    fills = [result.fills[DEFAULT] for result in found.values()]
    passed = sum(fill.outcome == "passed" for fill in fills)
    exact = sum(fill.exact for fill in fills)
    return f"{passed} passed, {exact} exact" if any(fill.outcome for fill in fills) else f"{exact} exact"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("remaining"),
        TimeRemainingColumn(elapsed_when_finished=False),
        console=console,
    )
