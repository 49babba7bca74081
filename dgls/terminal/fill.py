"""`dgls fill`: denoise the gaps of one file before the user's eyes, then show the fill as a diff.

What a program may read (the diff, the JSON object, the filled text of standard input) goes to standard
output; all that is for eyes only goes to standard error, live where that is a terminal.
"""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from dgls.config import Settings
from dgls.infill.request import Answer, Fill, FillError, FillRequest, Frame, Gap, Prefilled
from dgls.model.description import CheckpointError
from dgls.syntax.language import GrammarMissing, LanguageError, language_of
from dgls.syntax.nested import missing_inside
from dgls.terminal import view
from dgls.terminal.source import STDIN, InputError, Source

if TYPE_CHECKING:
    from dgls.model.host import Host

OFFERED, NOTHING_OFFERED = 0, 1


class Wish(NamedTuple):
    """What is asked of `dgls fill` besides the settings."""

    gaps: tuple[Gap, ...]
    """What is filled, or, with ``find``, where to look for it."""
    path: str
    """What the model takes the file for."""
    language: str
    """An LSP language id, or empty: then the path tells."""
    write: bool
    as_json: bool
    every_fill: bool
    """Whether the terminal shows the other fills too, not only the best."""
    find: Literal["holes", "faults"] | None = None
    strength: float | None = None


class Outcome(NamedTuple):
    """An answer, the gaps it is for, and how long it took: loading and filling, in milliseconds."""

    answer: Answer
    gaps: tuple[Gap, ...]
    load_ms: float
    fill_ms: float


def fill(source: Source, wish: Wish, settings: Settings) -> int:
    """Fill the gaps and say so; returns the exit status. Raises :class:`InputError`."""
    console = Console(stderr=True)
    language, unvalidated = _language(source, wish)
    if unvalidated and wish.find:
        raise InputError(f"{wish.find} cannot be found: {unvalidated}")
    if unvalidated:
        console.print(
            f"the fill is not validated: {unvalidated}", style="yellow", soft_wrap=True, markup=False
        )
    with contextlib.redirect_stdout(sys.stderr):  # a library that prints must not spoil what programs read
        outcome = _denoise(source, wish, language, settings, console)
    fills = outcome.answer.fills
    filled = source.filled(outcome.gaps, fills[0].texts) if fills else source.raw
    if wish.write and fills and source.name != STDIN:
        source.write(filled)
    if wish.as_json:
        print(json.dumps(_report(source, wish, language, settings, outcome)))
    elif wish.write and source.name == STDIN:
        sys.stdout.buffer.write(filled)
    else:
        for number, offered in enumerate(fills if wish.every_fill and sys.stdout.isatty() else fills[:1]):
            _show(source, wish, outcome.gaps, offered, number, console)
    _summarise(wish, source, outcome, console)
    return OFFERED if fills else NOTHING_OFFERED


def _language(source: Source, wish: Wish) -> tuple[str, str]:
    """The LSP language id of the text, and why it cannot be validated: empty if it can."""
    unknown = wish.language or "plaintext"
    try:
        language = language_of(wish.language, wish.path)
    except (GrammarMissing, LanguageError) as error:
        return unknown, str(error)
    if language is None and not wish.language and not wish.path:
        return unknown, "standard input has no name, and --language or --path does not say what it is"
    if language is None:
        what = f"the language {wish.language!r}" if wish.language else repr(wish.path)
        return unknown, f"dgls has no grammar for {what}"
    missing = "" if wish.find else missing_inside(source.readable, wish.gaps, language)
    return wish.language or language.description.ids[0], missing


def _denoise(source: Source, wish: Wish, language: str, settings: Settings, console: Console) -> Outcome:
    """Load the checkpoint and fill the gaps, live on ``console`` where it is a terminal."""
    started = time.monotonic()
    host = _load(settings, console)
    loaded = time.monotonic()
    request = FillRequest(
        text=source.readable,
        gaps=wish.gaps,
        language=language,
        path=wish.path,
        settings=settings.infill,
        find=wish.find,
        strength=wish.strength,
        deadline=loaded + settings.infill.command_deadline_ms / 1000,
    )
    from dgls.infill.jobs import work_on
    from dgls.infill.kept import Kept

    answer: Answer | None = None
    lexer = view.lexer_of(wish.path, language)

    def steps() -> Iterator[Frame | Prefilled]:
        nonlocal answer
        try:
            answer = yield from work_on(host, Kept(host.new_store()), request)
        except FillError as error:
            raise InputError(str(error)) from error

    if console.is_terminal:
        frame: Frame | None = None
        with Live(console=console, auto_refresh=False, transient=True) as live:
            for event in steps():
                frame = event if isinstance(event, Frame) else frame
                state = _state(event, time.monotonic() - loaded)
                gaps = frame.gaps if frame and frame.gaps is not None else () if wish.find else wish.gaps
                live.update(Group(view.canvas(request.text, gaps, frame, lexer), state), refresh=True)
    else:
        for _ in steps():
            pass
    assert answer is not None
    gaps = wish.gaps if answer.gaps is None else answer.gaps
    return Outcome(answer, gaps, (loaded - started) * 1000, (time.monotonic() - loaded) * 1000)


def _load(settings: Settings, console: Console) -> "Host":
    """The checkpoint, loaded behind a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("importing torch", total=1.0)
        from dgls.model.host import load_host

        def report(fraction: float, what: str) -> None:
            progress.update(task, completed=fraction, description=what)

        try:
            return load_host(settings.model, report)
        except CheckpointError as error:
            raise InputError(str(error)) from error


def _state(event: Frame | Prefilled, elapsed: float) -> Text:
    if isinstance(event, Prefilled):
        return Text(
            f"reading {event.done} of {event.total} tokens of context · {elapsed:.1f} s", style="cyan"
        )
    return Text(f"step {event.step} · {event.state} · {elapsed:.1f} s", style="cyan")


def _show(
    source: Source, wish: Wish, gaps: tuple[Gap, ...], offered: Fill, number: int, console: Console
) -> None:
    """One fill as a diff on standard output: coloured for eyes, to the byte for programs."""
    diff = view.unified_diff(wish.path or "stdin", source.text, gaps, offered.texts)
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(diff.encode("utf-8", errors="surrogateescape"))
        return
    if wish.every_fill:
        console.print(f"fill {number + 1} · {_worth(offered)}", style="bold")
    Console().print(view.coloured(diff) if diff else Text("the text as it stands is the fill", style="dim"))


def _summarise(wish: Wish, source: Source, outcome: Outcome, console: Console) -> None:
    """The last line: what was offered, how sure it is, what it cost."""
    answer = outcome.answer
    cost = f"{answer.nfe} decoder passes, {outcome.fill_ms:.0f} ms"
    if wish.find and not answer.fills and not answer.left:
        console.print(
            "there are no holes here" if wish.find == "holes" else "there is nothing here that does not parse"
        )
        return
    if not answer.fills:
        console.print(
            f"nothing valid was found ({answer.rejected} candidates rejected, {cost})", soft_wrap=True
        )
        return
    best = answer.fills[0]
    console.print(f"{_worth(best)} · {cost}", style="dim", soft_wrap=True, highlight=False)
    if answer.left:
        console.print(f"{wish.find} that stay as they are: {answer.left}", soft_wrap=True, highlight=False)
    if wish.write and source.name != STDIN:
        console.print(f"written to {source.name}", soft_wrap=True, markup=False)


def _worth(offered: Fill) -> str:
    words = [f"confidence {offered.confidence:.2f}", "validated" if offered.validated else "not validated"]
    return " · ".join([*words, "repaired"] if offered.repaired else words)


def _report(
    source: Source, wish: Wish, language: str, settings: Settings, outcome: Outcome
) -> dict[str, Any]:
    """What ``--json`` prints: gaps as they stood before the fill, fills best first."""

    def place(offset: int) -> dict[str, int]:
        line, column = source.place(offset)
        return {"line": line, "column": column, "offset": offset}

    answer = outcome.answer
    return {
        "path": wish.path,
        "language": language,
        "checkpoint": settings.model.checkpoint,
        "ranges": [{"start": place(gap.start), "end": place(gap.end)} for gap in outcome.gaps],
        "fills": [msgspec.to_builtins(offered._asdict()) for offered in answer.fills],
        "nfe": answer.nfe,
        "rejected": answer.rejected,
        "left": answer.left,
        "prefill_tokens": answer.prefill_tokens,
        "load_ms": round(outcome.load_ms, 1),
        "ms": round(outcome.fill_ms, 1),
        "written": wish.write and bool(answer.fills) and source.name != STDIN,
    }
