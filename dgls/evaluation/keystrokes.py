"""What is used again between keystrokes, measured from outside: typing along, files of any length, accepting.

Three kinds of keystrokes are answered without the model, so that their time is the server's own: the change and the
request are read, answered and written. *Along* is one that agrees with what is shown; *held back* is a deletion, after
which nothing is offered; *cancelled* is one whose request the client takes back at once, as the next keystroke does.

*Worked* is a request that the model worked on, at the same places of a short file and of a long one around it; that it
did, its frames say. What it reads there is another, and so it may take more passes in one file than in the other,
whatever their lengths: the two are compared where it took as many. *Accepted* is the request behind a fill that was
accepted, after a pause in which the server may have filled ahead.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

from dgls.evaluation.cuts import MODULES, SourceFile, spans_of
from dgls.evaluation.editor import REQUEST_CANCELLED, Editor, Json, ServerError, editing
from dgls.evaluation.latency import FILE, ROOM, TYPED, Spread

LONG, SHORT = 10_000, 100
"""Lines."""
ALONG = 6
"""Keystrokes along one fill, at most."""
READING_SECONDS = 2.0
"""What a user takes to read a fill before accepting it."""
MOST_TRIES = 4
"""Places that are tried for one that serves, per round."""


class Alike(NamedTuple):
    """The ``pairs`` of requests at one place of both files that took as many passes; ``ratio`` is long to short."""

    pairs: int
    ratio: float | None


class Worked(NamedTuple):
    """What a request took that the model worked on."""

    seconds: float
    passes: int


class Keystrokes(NamedTuple):
    """What was measured. ``accepted_alone`` is without filling ahead; ``lines`` are those of both files."""

    along: Spread
    along_count: int
    held_back: Spread
    cancelled: Spread
    long: Spread
    short: Spread
    alike: Alike
    lines: tuple[int, int]
    accepted: Spread
    accepted_alone: Spread


async def measure_keystrokes(
    command: Sequence[str], rounds: int, seed: int, say: Callable[[str], None]
) -> Keystrokes:
    """Start servers by ``command`` and measure them, ``rounds`` times each; raises :class:`ServerError`."""
    long, short = long_file(), short_file()
    readings = max(1, rounds // 3)
    async with editing([*command, "--set=inline.speculate=false"]) as editor:
        await editor.ready()
        say("typing along, 10,000 lines")
        in_long = _Typist(editor, "file:///long.py", long, seed)
        along = list(chain.from_iterable([await in_long.along() for _ in range(rounds)]))
        say("deleting and typing on, 10,000 lines")
        held_back, cancelled = list[float](), list[float]()
        for _ in range(rounds * ALONG):
            held_back += await in_long.held_back()
            cancelled += await in_long.cancelled()
        say("10,000 lines against 100")
        # The same code at the cursor, so that nothing but the length is another.
        typists = [
            _Typist(editor, "file:///middle.py", long, seed, long.index(short), len(short)),
            _Typist(editor, "file:///short.py", short, seed),
        ]
        chance, pairs = random.Random(seed), list[list[Worked]]()
        for _ in range(2 * rounds):  # in turn, so that the machine is as busy for both
            pairs += await _worked_in_both(typists, chance)
        say("accepting, nothing filled ahead")
        typist = _Typist(editor, FILE.path.as_uri(), FILE.text, seed)
        alone = [await typist.accepted() for _ in range(readings)]
    async with editing([*command, "--set=inline.speculate=true"]) as editor:
        await editor.ready()
        say("accepting, filled ahead")
        typist = _Typist(editor, FILE.path.as_uri(), FILE.text, seed)
        ahead = [await typist.accepted() for _ in range(readings)]
    return Keystrokes(
        Spread.of(along),
        len(along),
        Spread.of(held_back),
        Spread.of(cancelled),
        Spread.of([in_long.seconds for in_long, _ in pairs]),
        Spread.of([in_short.seconds for _, in_short in pairs]),
        _alike(pairs),
        (long.count("\n"), short.count("\n")),
        Spread.of(list(chain.from_iterable(ahead))),
        Spread.of(list(chain.from_iterable(alone))),
    )


async def _worked_in_both(typists: Sequence["_Typist"], chance: random.Random) -> list[list[Worked]]:
    """What a request at one place takes in both files; nothing where no place that was tried serves."""
    for _ in range(MOST_TRIES):
        place = chance.randrange(typists[0].places)
        worked = [await typist.worked(place) for typist in typists]
        found = [one for one in worked if one is not None]
        if len(found) == len(typists):
            return [found]
    return []


def _alike(pairs: Sequence[Sequence[Worked]]) -> Alike:
    alike = [(long.seconds, short.seconds) for long, short in pairs if long.passes == short.passes]
    if not alike:
        return Alike(0, None)
    long, short = (statistics.median(seconds) for seconds in zip(*alike, strict=True))
    return Alike(len(alike), round(long / short, 3))


def long_file() -> str:
    """At least 10,000 lines of real code: modules one after the other, with the short file amid them."""
    texts = (SourceFile(module).text for module in chain.from_iterable(repeat(MODULES)))
    before, behind = "", ""
    while before.count("\n") < LONG / 2:
        before += next(texts)
    while behind.count("\n") < LONG / 2:
        behind += next(texts)
    return before + short_file() + behind


def short_file() -> str:
    """The last lines of a module, from a top-level statement on: about 100."""
    lines = FILE.text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith(("def ", "class "))]
    first = min(starts, key=lambda number: abs(len(lines) - number - SHORT))
    return "".join(lines[first:])


class _Typist:
    """One file open in an editor: the rest of a line is cut, asked for, typed or accepted, and put back."""

    def __init__(
        self, editor: Editor, uri: str, text: str, seed: int, start: int = 0, length: int | None = None
    ) -> None:
        """Types in ``length`` characters from ``start`` on, which are code by themselves."""
        self._editor, self._uri, self._text = editor, uri, text
        self._chance = random.Random(seed)
        part = text[start : None if length is None else start + length]
        self._places = [
            (start + low, start + high)
            for low, high in spans_of(part, "rest of a line")
            if high - low >= ROOM
        ]
        self._passes: dict[int, int] = {}
        """By request, how many the model took, as its last frame says."""
        before = editor.on_frame

        def see(frame: Json) -> None:
            before(frame)  # another file's typist
            self._passes[frame["id"]] = frame["step"]

        editor.on_frame = see
        editor.open(uri, text)

    @property
    def places(self) -> int:
        """How many there are to type at."""
        return len(self._places)

    async def along(self) -> list[float]:
        """Seconds per keystroke along a fill; none where no place that was tried gets one."""
        for _ in range(MOST_TRIES):
            start, end = self._cut(self._chance.choice(self._places))
            items, _, _ = await self._ask(start)
            text = items[0]["insertText"] if items else ""
            seconds = []
            for index, character in enumerate(text[: min(ALONG, len(text) - 1)]):
                with self._editor.at_once():  # what an editor does before it sends is no time of the server's
                    self._editor.replace(self._uri, start + index, start + index, character)
                    answer = self._begin(start + index + 1)
                _, taken, passes = await self._answer(*answer)
                if not passes:
                    seconds.append(taken)
            self._put_back(start, end)
            if seconds:
                return seconds
        return []

    async def held_back(self) -> list[float]:
        """Seconds of a deletion, until it is answered; none where the model was asked after all."""
        start, end = self._chance.choice(self._places)
        await self._settled()
        with self._editor.at_once():
            self._editor.replace(self._uri, start - 1, end, "")
            answer = self._begin(start - 1)
        _, taken, passes = await self._answer(*answer)
        self._editor.replace(self._uri, start - 1, start - 1, self._text[start - 1 : end])
        return [] if passes else [taken]

    async def cancelled(self) -> list[float]:
        """Seconds of a keystroke whose request is taken back, until that is answered; none where it was too late."""
        start, end = self._cut(self._chance.choice(self._places))
        await self._settled()
        with self._editor.at_once():
            self._editor.replace(self._uri, start, start, self._text[start])
            number, answer = self._begin(start + 1)
            self._editor.notify("$/cancelRequest", {"id": number})
        seconds, began = list[float](), time.perf_counter()
        try:
            await answer
        except ServerError as error:
            if error.code != REQUEST_CANCELLED:
                raise
            seconds.append(time.perf_counter() - began)
        self._put_back(start, end)
        return seconds

    async def worked(self, place: int) -> Worked | None:
        """A request after three typed characters that are not what was shown, as :mod:`latency` has it, at a place."""
        start, end = self._cut(self._places[place])
        await self._ask(start)
        for cursor in range(start, start + TYPED):
            self._editor.replace(self._uri, cursor, cursor, self._text[cursor])
        _, seconds, passes = await self._ask(start + TYPED)
        self._put_back(start, end)
        return Worked(seconds, passes) if passes else None

    async def accepted(self) -> list[float]:
        """Seconds of the request behind a fill that was read and accepted."""
        for _ in range(MOST_TRIES):
            start, end = self._cut(self._chance.choice(self._places))
            items, _, _ = await self._ask(start)
            if items:
                await asyncio.sleep(READING_SECONDS)
                self._editor.accept(self._uri, items[0])
                _, seconds, _ = await self._ask(start + len(items[0]["insertText"]))
            self._put_back(start, end)
            if items:
                return [seconds]
        return []

    async def _settled(self) -> None:
        """Wait until the server has read all that was sent: that is no time of the keystroke that follows."""
        await self._editor.request("dgls/status", None)

    def _cut(self, place: tuple[int, int]) -> tuple[int, int]:
        """Cut the rest of a line, and type the character before it: after a deletion nobody is offered anything."""
        start, end = place
        self._editor.replace(self._uri, start - 1, end, "")
        self._editor.replace(self._uri, start - 1, start - 1, self._text[start - 1])
        return start, end

    def _put_back(self, start: int, end: int) -> None:
        grown = len(self._editor.documents[self._uri].text) - (len(self._text) - (end - start))
        self._editor.replace(self._uri, start, start + grown, self._text[start:end])

    async def _ask(self, cursor: int) -> tuple[list[Json], float, int]:
        """The items at ``cursor``, the seconds that took, and the passes of the model."""
        return await self._answer(*self._begin(cursor))

    def _begin(self, cursor: int) -> tuple[int, "asyncio.Future[Any]"]:
        params = self._editor.inline_params(self._uri, cursor)
        return self._editor.begin("textDocument/inlineCompletion", params)

    async def _answer(self, number: int, answer: "asyncio.Future[Any]") -> tuple[list[Json], float, int]:
        began = time.perf_counter()
        items = await answer or []
        return items, time.perf_counter() - began, self._passes.get(number, 0)
