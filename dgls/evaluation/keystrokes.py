"""What is used again between keystrokes, measured from outside: typing along, files of any length, accepting.

*Along* is a keystroke that agrees with what is shown, until its answer: the change and the request are read, answered
and written, and the model does nothing. That is what the server itself costs. *Worked* is a request that the model
worked on, in a long file and in a short one; that it did, its frames say. *Accepted* is the request behind a fill that
was accepted, after a pause in which the server may have filled ahead.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from dgls.evaluation.cuts import MODULES, SourceFile, spans_of
from dgls.evaluation.editor import Editor, Json, editing
from dgls.evaluation.latency import FILE, ROOM, TYPED, milliseconds

LONG, SHORT = 10_000, 100
"""Lines."""
ALONG = 6
"""Keystrokes along one fill, at most."""
READING_SECONDS = 2.0
"""What a user takes to read a fill before accepting it."""
MOST_TRIES = 4
"""Places that are tried for one that serves, per round."""


class Tail(NamedTuple):
    """Milliseconds: the median and the 99th percentile; none where nothing came to be measured."""

    p50: float | None
    p99: float | None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Tail":
        """The tail of some durations."""
        ordered = sorted(seconds)
        if not ordered:
            return cls(None, None)
        return cls(
            milliseconds(statistics.median(ordered)),
            milliseconds(ordered[int(0.99 * (len(ordered) - 1) + 0.5)]),
        )


class Keystrokes(NamedTuple):
    """What was measured. ``accepted_alone`` is without filling ahead; ``lines`` are those of both files."""

    along: Tail
    along_count: int
    long: Tail
    short: Tail
    lines: tuple[int, int]
    accepted: Tail
    accepted_alone: Tail


async def measure_keystrokes(
    command: Sequence[str], rounds: int, seed: int, say: Callable[[str], None]
) -> Keystrokes:
    """Start servers by ``command`` and measure them, ``rounds`` times each; raises :class:`ServerError`."""
    long, short = long_file(), short_file()
    async with editing([*command, "--set=inline.speculate=false"]) as editor:
        await editor.ready()
        say("typing along, 10,000 lines")
        in_long = _Typist(editor, "file:///long.py", long, seed)
        along = list(chain.from_iterable([await in_long.along() for _ in range(rounds)]))
        say("10,000 lines against 100")
        in_short = _Typist(editor, "file:///short.py", short, seed)
        worked: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):  # in turn, so that the machine is as busy for both
            for times, typist in zip(worked, (in_long, in_short), strict=True):
                times += await typist.worked()
        say("accepting, nothing filled ahead")
        typist = _Typist(editor, FILE.path.as_uri(), FILE.text, seed)
        alone = [await typist.accepted() for _ in range(rounds)]
    async with editing([*command, "--set=inline.speculate=true"]) as editor:
        await editor.ready()
        say("accepting, filled ahead")
        typist = _Typist(editor, FILE.path.as_uri(), FILE.text, seed)
        ahead = [await typist.accepted() for _ in range(rounds)]
    return Keystrokes(
        Tail.of(along),
        len(along),
        Tail.of(worked[0]),
        Tail.of(worked[1]),
        (long.count("\n"), short.count("\n")),
        Tail.of(list(chain.from_iterable(ahead))),
        Tail.of(list(chain.from_iterable(alone))),
    )


def long_file() -> str:
    """At least 10,000 lines of real code: modules one after the other, as often as it takes."""
    text = ""
    for module in chain.from_iterable(repeat(MODULES)):
        text += SourceFile(module).text
        if text.count("\n") >= LONG:
            break
    return text


def short_file() -> str:
    """The last lines of a module, from a top-level statement on: about 100."""
    lines = FILE.text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith(("def ", "class "))]
    first = min(starts, key=lambda number: abs(len(lines) - number - SHORT))
    return "".join(lines[first:])


class _Typist:
    """One file open in an editor: the rest of a line is cut, asked for, typed or accepted, and put back."""

    def __init__(self, editor: Editor, uri: str, text: str, seed: int) -> None:
        self._editor, self._uri, self._text = editor, uri, text
        self._chance = random.Random(seed)
        self._places = [
            (start, end) for start, end in spans_of(text, "rest of a line") if end - start >= ROOM
        ]
        self._worked_on: set[int] = set()
        before = editor.on_frame

        def see(frame: Json) -> None:
            before(frame)  # another file's typist
            self._worked_on.add(frame["id"])

        editor.on_frame = see
        editor.open(uri, text)

    async def along(self) -> list[float]:
        """Seconds per keystroke along a fill; none where no place that was tried gets one."""
        for _ in range(MOST_TRIES):
            start, end = self._cut()
            items, _, _ = await self._ask(start)
            text = items[0]["insertText"] if items else ""
            seconds = []
            for index, character in enumerate(text[: min(ALONG, len(text) - 1)]):
                began = time.perf_counter()
                self._editor.replace(self._uri, start + index, start + index, character)
                _, _, worked = await self._ask(start + index + 1)
                if not worked:
                    seconds.append(time.perf_counter() - began)
            self._put_back(start, end)
            if seconds:
                return seconds
        return []

    async def worked(self) -> list[float]:
        """Seconds of a request after three typed characters that are not what was shown, as :mod:`latency` has it."""
        for _ in range(MOST_TRIES):
            start, end = self._cut()
            await self._ask(start)
            for cursor in range(start, start + TYPED):
                self._editor.replace(self._uri, cursor, cursor, self._text[cursor])
            _, seconds, worked = await self._ask(start + TYPED)
            self._put_back(start, end)
            if worked:
                return [seconds]
        return []

    async def accepted(self) -> list[float]:
        """Seconds of the request behind a fill that was read and accepted."""
        for _ in range(MOST_TRIES):
            start, end = self._cut()
            items, _, _ = await self._ask(start)
            if items:
                await asyncio.sleep(READING_SECONDS)
                self._editor.accept(self._uri, items[0])
                _, seconds, _ = await self._ask(start + len(items[0]["insertText"]))
            self._put_back(start, end)
            if items:
                return [seconds]
        return []

    def _cut(self) -> tuple[int, int]:
        """Cut the rest of a line, and type the character before it: after a deletion nobody is offered anything."""
        start, end = self._chance.choice(self._places)
        self._editor.replace(self._uri, start - 1, end, "")
        self._editor.replace(self._uri, start - 1, start - 1, self._text[start - 1])
        return start, end

    def _put_back(self, start: int, end: int) -> None:
        grown = len(self._editor.documents[self._uri].text) - (len(self._text) - (end - start))
        self._editor.replace(self._uri, start, start + grown, self._text[start:end])

    async def _ask(self, cursor: int) -> tuple[list[Json], float, bool]:
        """The items at ``cursor``, the seconds that took, and whether the model worked on it."""
        began = time.perf_counter()
        params = self._editor.inline_params(self._uri, cursor)
        number, answer = self._editor.begin("textDocument/inlineCompletion", params)
        items = await answer or []
        return items, time.perf_counter() - began, number in self._worked_on
