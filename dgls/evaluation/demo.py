"""`make demo`: spans cut out of real files, filled by the server before your eyes, over LSP like an editor.

Each file of the standard library is opened, a span of it is deleted, and the server is asked for it: by an
inline completion where the rest of a line is gone, else by the command `dgls.fill`. What comes back is
checked without dgls: that Python compiles it if it could compile the file with the hole, and that no byte
outside the gap changed. Arguments are those of `dgls serve`.
"""

import asyncio
import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import click
from rich import box
from rich.console import Console
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dgls.evaluation.cuts import KINDS, Cut, ModuleMissing, choose_cuts
from dgls.evaluation.editor import Editor, Json, ServerError, editing
from dgls.infill.request import Frame, Gap, Run
from dgls.terminal import view

FILLS = 30
SEED = 2026
ENOUGH_SECONDS = 90
"""Seconds from the start after which no further fill is asked for: a demo is short on any machine."""


class Trial(NamedTuple):
    """One span asked for; ``fill`` is None where nothing was offered."""

    cut: Cut
    fill: str | None
    exact: bool
    error: str
    """What Python says of the filled file; empty if it compiles it."""
    new_fault: bool
    """Whether Python could compile the file before, with its hole."""
    bytes_outside: int
    seconds: float


def judge(cut: Cut, before: str, after: str, seconds: float) -> Trial:
    """What became of ``before``, the file with its hole at ``cut.start``, in ``after``."""
    head, tail = before[: cut.start], before[cut.start :]
    lost = bytes_outside(head, tail, after)
    fill = after[len(head) : len(after) - len(tail)] if lost == 0 else ""
    error = compile_error(after)
    return Trial(
        cut,
        fill if after != before else None,
        fill == cut.file.text[cut.start : cut.end],
        error,
        bool(error) and not compile_error(before),
        lost,
        seconds,
    )


def bytes_outside(head: str, tail: str, after: str) -> int:
    """How many bytes of ``head`` and ``tail`` do not stand at the beginning and the end of ``after``."""
    if len(after) >= len(head) + len(tail) and after.startswith(head) and after.endswith(tail):
        return 0

    def lost(kept: bytes, text: bytes) -> int:
        same = next((n for n, (a, b) in enumerate(zip(kept, text, strict=False)) if a != b), len(text))
        return max(0, len(kept) - same)

    whole = after.encode()
    return max(1, lost(head.encode(), whole) + lost(tail.encode()[::-1], whole[::-1]))


def compile_error(text: str) -> str:
    """What Python itself has against ``text`` as a module; empty if it has nothing."""
    with warnings.catch_warnings(action="ignore"):
        try:
            compile(text, "demo", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            return str(error)
    return ""


class Demo:
    """The trials of one run, shown as they go."""

    def __init__(self, editor: Editor, console: Console) -> None:
        self._editor = editor
        self._console = console

    async def run(self, cuts: Sequence[Cut], until: float) -> list[Trial]:
        """Ask for every cut, until it is ``until`` (``time.monotonic()``)."""
        trials: list[Trial] = []
        for number, cut in enumerate(cuts, 1):
            if time.monotonic() > until:
                self._console.print(
                    f"{ENOUGH_SECONDS} s are enough: {len(cuts) - len(trials)} spans are left out"
                )
                break
            line = cut.file.text.count("\n", 0, cut.start) + 1
            title = f"{number} of {len(cuts)} · {cut.file.path.name}, line {line} · {cut.kind}"
            self._console.print(Rule(title, style="dim", align="left"))
            trials.append(await self._try(cut))
        return trials

    async def _try(self, cut: Cut) -> Trial:
        """Cut, ask, apply what comes, judge and show it."""
        uri = cut.file.path.as_uri()
        self._editor.open(uri, cut.file.text)
        self._editor.replace(uri, cut.start, cut.end, "")
        before = self._editor.documents[uri].text
        with Live(console=self._console, auto_refresh=False, transient=True) as live:

            def show(frame: Json) -> None:
                if self._console.is_terminal:
                    live.update(view.canvas(before, [gap], frame_of(frame), "python"), refresh=True)

            gap = Gap(cut.start, cut.start)
            self._editor.on_frame = show
            started = time.perf_counter()
            if cut.kind == "rest of a line":
                # By hand: what was cut was deleted, and nothing comes unasked after that.
                items = await self._editor.inline_completion(uri, cut.start, invoked=True)
                seconds = time.perf_counter() - started
                if items:
                    self._editor.accept(uri, items[0])
            else:
                params = self._editor.fill_params(uri, cut.start, cut.start)
                await self._editor.request("workspace/executeCommand", params)
                seconds = time.perf_counter() - started
        trial = judge(cut, before, self._editor.documents[uri].text, seconds)
        self._editor.close(uri)
        self._show(trial, before)
        return trial

    def _show(self, trial: Trial, before: str) -> None:
        cut = trial.cut
        if trial.fill is None:
            self._console.print(Text("nothing valid was found", style="yellow"))
        else:
            gap = Gap(cut.start, cut.start)
            diff = view.unified_diff(cut.file.path.name, before, [gap], [trial.fill])
            self._console.print(view.coloured(diff))
            self._console.print(
                Text.assemble(
                    ("exact", "bold green") if trial.exact else ("not what stood there", "dim"),
                    " · ",
                    (f"does not parse: {trial.error}", "yellow") if trial.error else ("parses", "green"),
                    (f" · {trial.seconds * 1000:.0f} ms", "dim"),
                )
            )
        if trial.new_fault:
            self._console.print(Text("Python could compile the file before", style="bold red"))
        if not trial.exact:
            original = view.showable(cut.file.text[cut.start : cut.end])
            self._console.print(Text(f"cut out was: {original}", style="dim"))


def frame_of(params: Json) -> Frame:
    """The frame that a ``dgls/frame`` notification carries."""
    drafts = (
        tuple(Run(run["text"], run["confidence"]) for run in draft["runs"]) for draft in params["drafts"]
    )
    return Frame(params["step"], params["state"], tuple(drafts))


def table(trials: Sequence[Trial]) -> Table:
    """The trials by kind, and all of them."""
    table = Table(
        title="Spans cut out of the standard library, and filled",
        caption="parse, new faults: as Python's own compiler has it; outside: bytes changed outside the gap",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("kind", no_wrap=True)
    for heading in (
        "asked",
        "offered",
        "exact",
        "parse",
        "new\nfaults",
        "bytes\noutside",
        "p50\nms",
        "p95\nms",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    groups = [(kind, [trial for trial in trials if trial.cut.kind == kind]) for kind in KINDS]
    for name, group in [*groups, ("all", list(trials))]:
        if group:
            table.add_row(
                name, *_cells(group), style="bold" if name == "all" else "", end_section=name == KINDS[-1]
            )
    return table


def _cells(trials: Sequence[Trial]) -> list[str]:
    offered = [trial for trial in trials if trial.fill is not None]
    taken = sorted(trial.seconds * 1000 for trial in trials)
    counts = [
        len(trials),
        len(offered),
        sum(trial.exact for trial in offered),
        sum(not trial.error for trial in offered),
        sum(trial.new_fault for trial in trials),
        sum(trial.bytes_outside for trial in trials),
    ]
    return [
        *map(str, counts),
        f"{statistics.median(taken):,.0f}",
        f"{taken[round(0.95 * (len(taken) - 1))]:,.0f}",
    ]


async def demonstrate(arguments: Sequence[str], fills: int, console: Console) -> int:
    """Run the demo; returns the exit status: 1 where a fill did harm. Raises ServerError and ModuleMissing."""
    cuts = choose_cuts(fills, SEED)
    with console.status("starting the server") as status:
        started = time.monotonic()
        async with editing([sys.executable, "-m", "dgls", "serve", *arguments]) as editor:
            editor.on_progress = lambda value: status.update(value.get("message") or "loading")
            await editor.ready()
            status.stop()
            console.print(f"the server is ready after {time.monotonic() - started:.1f} s", style="dim")
            trials = await Demo(editor, console).run(cuts, until=started + ENOUGH_SECONDS)
    console.print(table(trials))
    if any(trial.new_fault or trial.bytes_outside for trial in trials):
        console.print("a fill added a fault, or changed what is not its own", style="bold red")
        return 1
    return 0


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--fills", type=click.IntRange(1, 1000), default=FILLS, help="How many spans are cut out.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(fills: int, arguments: tuple[str, ...]) -> None:
    """Cut spans out of real code and have them filled; ARGUMENTS are those of `dgls serve`."""
    console = Console(highlight=False)
    try:
        status = asyncio.run(demonstrate(arguments, fills, console))
    except (ServerError, ModuleMissing) as error:
        Console(stderr=True).print(f"demo: {error}", style="red", markup=False, soft_wrap=True)
        status = 2
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main(prog_name="python -m dgls.evaluation.demo")
