"""``dgls train``: corpus, run, export; ``run`` does all three, each step only where its outcome is not there yet."""

import gzip
import shlex
import sys
import sysconfig
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dgls.training.corpus import CorpusError, build_corpus, count_tokens, read_documents, read_manifest
from dgls.training.excluded import is_excluded_module
from dgls.training.folder import (
    CHECKPOINT,
    CORPUS,
    EARLIER_CARD,
    RUNS_FILE,
    TOKENIZER,
    TrainingError,
    written_aside,
)
from dgls.training.presets import CHANGEABLE, PRESETS, Preset, PresetError, changed
from dgls.training.runs import begin_run, ended, read_runs
from dgls.training.sources import folder_packages, interpreter_packages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

RUN = "run"
TOKENIZER_CHARACTERS = 25_000_000
"""Text that the tokenizer is trained on; more changes little."""

console = Console(stderr=True)


class BenchmarkTask(msgspec.Struct):
    """One line of a HumanEval-Infilling file, as far as decontamination reads it."""

    prompt: str
    canonical_solution: str
    suffix: str


@click.group()
def train() -> None:
    """Train a checkpoint: `run` does everything, and goes on where it was interrupted."""


def _preset_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--preset", "name", type=click.Choice(sorted(PRESETS)), default="cpu", show_default=True
    )(command)


def _change_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help=f"Change a number of the preset; repeatable. NAME: {', '.join(CHANGEABLE)}.",
    )(command)


def _preset_of(name: str, changes: Sequence[str]) -> Preset:
    try:
        return changed(PRESETS[name], changes)
    except PresetError as error:
        raise click.UsageError(str(error)) from error


def _benchmark_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--clear-of",
        "benchmarks",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        multiple=True,
        help="A benchmark file (JSON lines, may be gzipped) whose text the corpus must not hold; repeatable.",
    )(command)


def _interpreter_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--interpreter",
        is_flag=True,
        help="This interpreter's library and packages too; without any folder they are the default.",
    )(command)


@train.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path(RUN, CORPUS), show_default=True)
@_interpreter_option
@_preset_option
@_benchmark_option
def corpus(
    folders: tuple[Path, ...], out: Path, interpreter: bool, name: str, benchmarks: tuple[Path, ...]
) -> None:
    """Gather source from FOLDERS (default: this interpreter's library and packages) into a corpus.

    A folder may be what `pip install --target`, `npm install` or `cargo vendor` made, of which permissively licensed
    packages are taken, or any other, for whose licence you answer.
    """
    try:
        _build_corpus(PRESETS[name], folders, interpreter, out, benchmarks)
    except CorpusError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        console.print(f'interrupted; nothing is left in "{out}", and the same command begins again')
        raise SystemExit(130) from None


@train.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path(RUN))
@_preset_option
@_change_option
@_benchmark_option
@_interpreter_option
@click.option(
    "--source",
    "sources",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder for the corpus, as in `dgls train corpus`; repeatable.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A checkpoint of the preset's sizes to go on from, as to teach it your own code.",
)
def run(
    folder: Path,
    name: str,
    changes: tuple[str, ...],
    benchmarks: tuple[Path, ...],
    interpreter: bool,
    sources: tuple[Path, ...],
    start: Path | None,
) -> None:
    """Build the corpus and the tokenizer, train, and export to FOLDER/checkpoint; resumes what is there."""
    from dgls.training.export import check_place
    from dgls.training.trainer import Progress as Seen
    from dgls.training.trainer import check_corpus, device_name
    from dgls.training.trainer import train as train_model

    preset = _preset_of(name, changes)
    try:
        check_place(folder / CHECKPOINT)
        if not (folder / CORPUS).exists():
            _build_corpus(preset, sources, interpreter, folder / CORPUS, benchmarks)
        elif sources or interpreter or benchmarks:
            console.print(
                f'"{folder / CORPUS}" is there already and is used as it is, whatever --source, --interpreter and '
                "--clear-of say; remove it, or name another run, to build it anew"
            )
        check_corpus(folder / CORPUS, preset)
        tokenizer = _tokenizer(folder, preset, start)
        with console.status("counting the tokens of the corpus"):
            count_tokens(folder / CORPUS, tokenizer.backend_tokenizer)
        begin_run(folder, shlex.join(["dgls", *sys.argv[1:]]), name, preset.seed, device_name(), start)
        columns = (
            "[progress.description]{task.description}",
            "[progress.percentage]{task.percentage:>5.1f}%",
        )
        with Progress(
            *map(TextColumn, columns),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        ) as progress:
            task = progress.add_task("training", total=preset.tokens)

            def report(seen: Seen) -> None:
                text = (
                    f"step {seen.step:,}  decoder {seen.decoder_loss:.3f}  encoder {seen.encoder_loss:.3f}  "
                    f"{seen.tokens_per_second:,.0f} tokens/s  {seen.utilisation:.0%} busy"
                )
                progress.update(task, completed=seen.tokens, description=text)

            train_model(
                folder,
                folder / CORPUS,
                preset,
                tokenizer.backend_tokenizer,
                start,
                report,
                lambda: _export(folder, folder / CHECKPOINT),
            )
        if not _is_exported(folder):
            _export(folder, folder / CHECKPOINT)
        console.print(f'exported "{folder / CHECKPOINT}"')
    except (CorpusError, TrainingError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        console.print(f'interrupted; the same command goes on where it stopped (state in "{folder}")')
        raise SystemExit(130) from None


@train.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(RUN))
@click.option("--out", type=click.Path(path_type=Path), help="Where to; default: FOLDER/checkpoint.")
@click.option(
    "--results",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Markdown file of results for the model card.",
)
def export(folder: Path, out: Path | None, results: Path | None) -> None:
    """Export the state of a run as a checkpoint that dgls and transformers load; replaces an older one."""
    out = out or folder / CHECKPOINT
    try:
        text = results.read_text(encoding="utf-8") if results else ""
        _export(folder, out, text)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{results} is no Markdown in UTF-8: {error}") from error
    except (CorpusError, TrainingError, OSError) as error:
        raise click.ClickException(str(error)) from error
    console.print(f'exported "{out}"')


@train.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(RUN))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Default: FOLDER/curve.png.")
def plot(folder: Path, out: Path | None) -> None:
    """Draw the log of a run: losses, exact match, rate and speed over the tokens seen."""
    from dgls.plotting import PlotError, check_plot
    from dgls.training.log import read_log
    from dgls.training.plot import plot_of

    out = out or folder / "curve.png"
    try:
        check_plot(out)
        log = read_log(folder)
        if not log:
            raise PlotError(f"the log of {folder} is still empty; train first, or wait for some steps")
        out.write_bytes(plot_of(log, out.suffix))
    except (PlotError, TrainingError, OSError) as error:
        raise click.ClickException(str(error)) from error
    console.print(f'drew "{out}"')


def _build_corpus(
    preset: Preset, folders: Sequence[Path], interpreter: bool, out: Path, benchmarks: Sequence[Path]
) -> None:
    packages = [package for folder in folders for package in folder_packages(folder)]
    if interpreter or not folders:
        packages += interpreter_packages()
    with Progress(
        SpinnerColumn(), TextColumn("corpus: {task.description}"), BarColumn(), console=console
    ) as progress:
        task = progress.add_task("", total=preset.mixture.characters)
        manifest = build_corpus(
            packages,
            out,
            preset.mixture,
            [*_excluded_texts(), *_benchmark_texts(benchmarks)],
            lambda package, characters: progress.update(
                task, completed=characters, description=f"{package}, {characters / 1e6:.1f}M characters"
            ),
        )
    console.print(
        f"corpus: {manifest.characters('train'):,} characters to train on, {manifest.characters('heldout'):,} held "
        f"out; dropped files: {manifest.dropped}"
    )


def _excluded_texts() -> Iterator[str]:
    """The excluded modules of the standard library: copies of them elsewhere are dropped too."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        dotted = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
        if "site-packages" not in name.parts and is_excluded_module(dotted):
            yield path.read_text(encoding="utf-8", errors="replace")


def _benchmark_texts(files: Sequence[Path]) -> Iterator[str]:
    for file in files:
        try:
            content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        except (OSError, EOFError, zlib.error) as error:
            raise CorpusError(f"{file} cannot be read: {error}") from error
        try:
            tasks = msgspec.json.Decoder(BenchmarkTask).decode_lines(content)
        except msgspec.MsgspecError as error:
            raise CorpusError(f"{file} is no HumanEval-Infilling file: {error}") from error
        yield from (task.prompt + task.canonical_solution + task.suffix for task in tasks)


def _tokenizer(folder: Path, preset: Preset, start: Path | None) -> "PreTrainedTokenizerFast":
    """The tokenizer of a run: the one it has, that of the checkpoint it starts from, or a new one."""
    path = folder / TOKENIZER
    if not path.exists():
        tokenizer = _load_tokenizer(start) if start is not None else _new_tokenizer(folder, preset)
        with written_aside(path) as aside:
            tokenizer.save_pretrained(aside)
    return _load_tokenizer(path)


def _load_tokenizer(folder: Path) -> "PreTrainedTokenizerFast":
    """The tokenizer in ``folder``. Raises :class:`TrainingError` where there is none to read."""
    from transformers import PreTrainedTokenizerFast

    try:
        loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(
            folder, local_files_only=True
        )
    except Exception as error:  # tokenizers raises bare ones
        reason = str(error).partition("\n")[0]
        raise TrainingError(f"{folder} has no tokenizer that can be read: {reason}") from error
    return loaded


def _new_tokenizer(folder: Path, preset: Preset) -> "PreTrainedTokenizerFast":
    from dgls.training.vocabulary import train_tokenizer

    console.print("training the tokenizer")
    documents = read_documents(folder / CORPUS, "train")
    # An even pick over all packages, of about the wanted size.
    total = sum(len(document.text) for document in documents)
    stride = max(1, total // TOKENIZER_CHARACTERS)
    return train_tokenizer(
        (document.text for document in documents[::stride]), preset.architecture.vocabulary
    )


def _is_exported(folder: Path) -> bool:
    """Whether the checkpoint of a run is one of its state."""
    from dgls.training.state import read_state

    runs = read_runs(folder / CHECKPOINT)
    return bool(runs) and runs[-1].steps == read_state(folder).step


def _export(folder: Path, out: Path, results: str = "") -> None:
    """Export the state of the run in ``folder``, as the preset that it was trained with says."""
    from dgls.training.card import model_card
    from dgls.training.export import export_checkpoint
    from dgls.training.log import read_log
    from dgls.training.state import read_state

    state = read_state(folder)
    if not (runs := read_runs(folder)):
        raise TrainingError(
            f'{folder} has no {RUNS_FILE}; run its "dgls train run" command again, which writes it'
        )
    runs = ended(runs, state.step, state.tokens, state.elapsed / 60)
    earlier = folder / EARLIER_CARD
    card = model_card(
        state.preset,
        read_manifest(folder / CORPUS),
        runs,
        read_log(folder),
        state.model,
        results,
        earlier.read_text(encoding="utf-8", errors="replace") if earlier.exists() else "",
    )
    export_checkpoint(state.model, state.preset, _load_tokenizer(folder / TOKENIZER), runs, card, out)
