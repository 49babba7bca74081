"""What an editor waits for, measured from outside: one server, a file of about 500 lines, gaps within a line.

*Warm* is the request after three typed characters, with one before them; *cold* is the request after a jump
to another part of the file. Every place is chosen by the seed.
"""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import psutil

from dgls.evaluation.cuts import SourceFile, spans_of
from dgls.evaluation.editor import METHOD_NOT_FOUND, REQUEST_CANCELLED, Editor, Json, ServerError, editing

FILE = SourceFile("textwrap")
TYPED = 3
ROOM = 10
"""Characters that a line has at least behind the cursor, so that typing three of them leaves a gap."""
JUMP = 100
"""Lines between a place and the next one, at least."""
PING_SECONDS = 0.005
STEP_SECONDS = 30.0
"""How long a first frame may take; only a server that hangs takes so long."""


class Spread(NamedTuple):
    """Milliseconds: the median, and below which 95 and 99 of 100 are; none where nothing came to be measured."""

    p50: float | None
    p95: float | None
    p99: float | None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """The spread of some durations."""
        if not seconds:
            return cls(None, None, None)
        ordered = sorted(seconds)
        tails = (ordered[int(share * (len(ordered) - 1) + 0.5)] for share in (0.95, 0.99))
        return cls(milliseconds(statistics.median(ordered)), *map(milliseconds, tails))


class Latency(NamedTuple):
    """What one server took."""

    initialize_ms: float
    load_s: float
    rss_mb: float
    inline: Spread
    inline_cold: Spread
    cancel: Spread
    load_stall_ms: float
    """The longest that the event loop kept a client waiting while the model was loaded."""
    loop_stall_ms: float
    """And while the first documents were opened, filled and judged."""
    offered: int
    """Inline requests that were answered with text, of ``asked``."""
    asked: int


def milliseconds(seconds: float) -> float:
    """Rounded to what a clock can tell."""
    return round(seconds * 1000, 2)


async def measure(command: Sequence[str], rounds: int, seed: int, say: Callable[[str], None]) -> Latency:
    """Start a server by ``command`` and measure it, ``rounds`` times each; raises :class:`ServerError`."""
    say("starting the server")
    async with editing(command) as editor:
        say("loading the model")
        async with pinging(editor) as loading:
            await editor.ready()
        say("watching the event loop")
        async with pinging(editor) as working:
            session = Session(editor, seed)
            await session.first_frame(session.elsewhere())  # a model that could not be loaded says so here
            for _ in range(max(1, rounds // 3)):
                await session.cold()
                await session.warm()
        session.asked = session.offered = 0
        say("typing: warm requests")
        warm = [await session.warm() for _ in range(rounds)]
        say("jumping: cold requests")
        cold = [await session.cold() for _ in range(max(1, rounds // 2))]
        say("cancelling")
        cancels = await session.cancels(rounds)
        return Latency(
            initialize_ms=milliseconds(editor.initialized_at - editor.started),
            load_s=round(editor.ready_at - editor.started, 2),
            rss_mb=round(session.rss / 2**20, 1),
            inline=Spread.of(warm),
            inline_cold=Spread.of(cold),
            cancel=Spread.of(cancels),
            load_stall_ms=milliseconds(max(loading)),
            loop_stall_ms=milliseconds(max(working)),
            offered=session.offered,
            asked=session.asked,
        )


@asynccontextmanager
async def pinging(editor: Editor) -> AsyncIterator[list[float]]:
    """Seconds of every answer that needs nothing but the event loop, one after the other until the end."""
    waits: list[float] = []

    async def ping() -> None:
        started = time.perf_counter()
        try:
            await editor.request("dgls/ping", None)
        except ServerError as error:  # there is no such method, and the event loop is who says so
            if error.code != METHOD_NOT_FOUND:
                raise
        waits.append(time.perf_counter() - started)

    async def ping_on() -> None:
        while True:
            await ping()
            await asyncio.sleep(PING_SECONDS)

    pings = asyncio.create_task(ping_on())
    try:
        yield waits
        await ping()
    finally:
        pings.cancel()
        await asyncio.gather(pings, return_exceptions=True)


class Session:
    """One file open in one editor, its lines cut and typed again, place after place."""

    def __init__(self, editor: Editor, seed: int) -> None:
        self.rss = 0
        """The server's resident memory at its highest, in bytes."""
        self.asked = self.offered = 0
        self._editor = editor
        self._chance = random.Random(seed)
        self._text = FILE.text
        self._uri = FILE.path.as_uri()
        # Told once: what takes this process long looks, from here, as if the server stalled.
        self._lines = {
            (start, end): self._text.count("\n", 0, start)
            for start, end in spans_of(self._text, "rest of a line")
            if end - start >= ROOM
        }
        self._place = next(iter(self._lines))
        self._frames: asyncio.Queue[Json] = asyncio.Queue()
        editor.on_frame = self._frames.put_nowait
        editor.takes_edits = False
        editor.open(self._uri, self._text)

    def elsewhere(self) -> tuple[int, int]:
        """A place at least ``JUMP`` lines from the last one: the cursor, and the end of its line."""
        here = self._lines[self._place]
        self._place = self._chance.choice(
            [place for place, line in self._lines.items() if abs(line - here) >= JUMP]
        )
        return self._place

    async def warm(self) -> float:
        """Seconds of a request after three typed characters, the rest of the line cut."""
        start, end = self.elsewhere()
        self._cut(start, end)
        await self._ask(start)
        for cursor in range(start, start + TYPED):
            self._editor.replace(self._uri, cursor, cursor, self._text[cursor])
        seconds = await self._ask(start + TYPED)
        self._editor.replace(self._uri, start, start + TYPED, self._text[start:end])
        return seconds

    async def cold(self) -> float:
        """Seconds of a request far from the last one."""
        start, end = self.elsewhere()
        self._cut(start, end)
        seconds = await self._ask(start)
        self._editor.replace(self._uri, start, start, self._text[start:end])
        return seconds

    async def first_frame(self, place: tuple[int, int]) -> float:
        """Seconds from a command to its first frame; the command is then cancelled."""
        number, answer, seconds = await self._begin(place)
        await self._cancel(number, answer)
        return seconds

    async def cancels(self, rounds: int) -> list[float]:
        """Seconds from a cancel amid a fill until it is answered and the engine is free.

        That it is free shows in another command's first frame: what that takes longer than on an idle engine
        is what the cancelled work still took. The idle engine is seen between the rounds, and its slowest frames
        are held against the slowest: no machine is as fast all the time.
        """
        place = self.elsewhere()
        await self.first_frame(place)
        idle, answered, busy = [], [], []
        for _ in range(rounds):
            idle.append(await self.first_frame(place))
            number, answer, _ = await self._begin(place)
            both = await asyncio.gather(self._cancel(number, answer), self.first_frame(place))
            answered.append(both[0])
            busy.append(both[1])
        ranked = zip(sorted(answered), sorted(busy), sorted(idle), strict=True)
        return [max(own, after - before) for own, after, before in ranked]

    def _cut(self, start: int, end: int) -> None:
        """Cut the rest of a line, and type the character before it: after a deletion nobody is offered anything."""
        self._editor.replace(self._uri, start - 1, end, "")
        self._editor.replace(self._uri, start - 1, start - 1, self._text[start - 1])

    async def _ask(self, cursor: int) -> float:
        started = time.perf_counter()
        items = await self._editor.inline_completion(self._uri, cursor)
        seconds = time.perf_counter() - started
        self.asked += 1
        self.offered += bool(items)
        self.rss = max(self.rss, psutil.Process(self._editor.process_id).memory_info().rss)
        return seconds

    async def _begin(self, place: tuple[int, int]) -> tuple[int, "asyncio.Future[Json]", float]:
        """Ask for a fill of ``place`` and wait for a frame; returns the request's id, its answer, seconds."""
        started = time.perf_counter()
        params = self._editor.fill_params(self._uri, *place)
        number, answer = self._editor.begin("workspace/executeCommand", params)
        while True:
            next_frame = asyncio.create_task(self._frames.get())
            await asyncio.wait({next_frame, answer}, return_when="FIRST_COMPLETED", timeout=STEP_SECONDS)
            if next_frame.done() and next_frame.result()["id"] == number:
                return number, answer, time.perf_counter() - started
            next_frame.cancel()
            if answer.done():
                raise ServerError(
                    f"a fill ended before its first frame: {answer.exception() or answer.result()}"
                )

    async def _cancel(self, number: int, answer: "asyncio.Future[Json]") -> float:
        """Cancel a request; returns the seconds until its answer came."""
        started = time.perf_counter()
        self._editor.notify("$/cancelRequest", {"id": number})
        try:
            await answer
        except ServerError as error:
            if error.code != REQUEST_CANCELLED:
                raise
        return time.perf_counter() - started
