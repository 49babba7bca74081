"""What many windows on one shared server cost each other, measured from outside.

Every window asks for one fill: alone first, then all at the same moment. Alone a fill takes the whole model; of n
windows each is due an n-th of it, so that a fair share is n times as long. Some fills are short, some long: a short one
must not wait for the long ones. Every place is chosen by the seed.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

import psutil

from dgls.evaluation.cuts import spans_of
from dgls.evaluation.editor import Editor, Json, editing
from dgls.evaluation.latency import FILE, milliseconds

WINDOWS = 8
LONG_CANDIDATES, SHORT_CANDIDATES = 4, 1
PATIENCE = ["--set=infill.command_deadline_ms=600000"]
"""Waiting for others must not cut a fill short: it would look fast."""


class Sharing(NamedTuple):
    """Waits of ``windows`` windows that ask at the same moment, each as a multiple of its fair share."""

    windows: int
    wait_largest: float
    wait_median: float
    alone_ms: tuple[float, float]
    """What the shortest and the longest fill take alone, milliseconds."""
    window_rss_mb: float
    """Resident memory of the largest process that an editor starts."""
    server_rss_mb: float
    """Resident memory of the one process with the model."""


async def measure_sharing(
    command: Sequence[str], rounds: int, seed: int, say: Callable[[str], None]
) -> Sharing:
    """Measure a shared server of its own, which ``command`` starts or joins; raises :class:`ServerError`."""
    say(f"{WINDOWS} windows on one server")
    with tempfile.TemporaryDirectory(prefix="dgls") as runtime:
        async with AsyncExitStack() as windows:
            editors = [
                await windows.enter_async_context(
                    editing([*command, "--shared", *PATIENCE], environment={"XDG_RUNTIME_DIR": runtime})
                )
                for _ in range(WINDOWS)
            ]
            for editor in editors:
                await editor.ready()
            fills = [
                Window(editor, number, random.Random(seed + number)) for number, editor in enumerate(editors)
            ]
            for fill in fills:
                await fill.seconds()  # reads the context, once
            waits, alone = [], []
            for _ in range(rounds):
                own = [await fill.seconds() for fill in fills]
                together = await asyncio.gather(*(fill.seconds() for fill in fills))
                alone += own
                waits += [wait / (WINDOWS * due) for wait, due in zip(together, own, strict=True)]
            processes = [psutil.Process(editor.process_id) for editor in editors]
            servers = [child for process in processes for child in process.children()]
            return Sharing(
                WINDOWS,
                round(max(waits), 2),
                round(statistics.median(waits), 2),
                (milliseconds(min(alone)), milliseconds(max(alone))),
                megabytes(max(resident(process) for process in processes)),
                megabytes(max(resident(process) for process in servers)),
            )


class Window:
    """One window with the file open, and the fill that it asks for: every other one is long."""

    def __init__(self, editor: Editor, number: int, chance: random.Random) -> None:
        self._editor = editor
        uri = FILE.path.with_name(f"window{number}.py").as_uri()
        editor.open(uri, FILE.text)
        place = chance.choice(spans_of(FILE.text, "rest of a line"))
        self._params: Json = editor.fill_params(uri, *place)
        [arguments] = self._params["arguments"]
        arguments.update(apply=False, candidates=LONG_CANDIDATES if number % 2 else SHORT_CANDIDATES)

    async def seconds(self) -> float:
        """What it takes until the fill is there."""
        started = time.perf_counter()
        await self._editor.request("workspace/executeCommand", self._params)
        return time.perf_counter() - started


def resident(process: psutil.Process) -> int:
    """Bytes of memory that a process has; 0 where it has ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def megabytes(count: int) -> float:
    """Bytes as megabytes, as people read them."""
    return round(count / 2**20, 1)
