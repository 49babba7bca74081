"""A keystroke storm: fifty characters a second, each with a request for ghost text that nobody waits for.

What must hold then: no answer is for a text that is no more, requests do not pile up, and memory stays flat. All is
seen from outside, over standard input and output. The server waits for no pause in the typing, so that the model works
all the time; and whenever the typist has stopped and is shown something, a part of it is typed as it is: those are the
answers that come fast enough to be for the wrong place.

A server takes memory when it first does something, and keeps it. So there is a storm before the one that is measured,
and what counts is the growth in the second half: a leak goes on. A step that is under way holds some 20 MB, and what
was freed is given back now and then, so it is the lowest level of one quarter that is compared with that of another.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from dgls.evaluation.cuts import SourceFile
from dgls.evaluation.editor import REQUEST_CANCELLED, Editor, Json, ServerError, editing, items_of

PER_SECOND = 50
LEAST_BEAT = 0.5 / PER_SECOND
"""Seconds between two keystrokes, at least."""
READING_SECONDS = 0.001
"""In which the typist's own process reads what has come: an answer in the pipe is none that the server still owes."""
FILE = SourceFile("textwrap")
BURST = 100
"""Keystrokes until the typist stops to see what is shown."""
ALONG = 20
"""Characters of what is shown that are typed, at most."""
SETTLING = 0.5
"""How long the storm before the measured one lasts, as a share of it."""


class Storm(NamedTuple):
    """What became of ``keystrokes``.

    ``offered`` counts answers with text, and ``stale`` those whose place is none that the cursor had from their request
    on; ``most_open`` is how many requests were without an answer at once, at most; ``grown_mb`` how much higher the
    lowest level of the resident memory was in the last quarter than in the second.
    """

    keystrokes: int
    per_second: float
    offered: int
    stale: int
    most_open: int
    grown_mb: float


async def measure_storm(command: Sequence[str], seconds: float) -> Storm:
    """Type a file into itself for ``seconds``; raises :class:`ServerError`."""
    async with editing([*command, "--set=inline.debounce_ms=0"]) as editor:
        await editor.ready()
        typist = _Typist(editor)
        await typist.type(seconds * SETTLING)
        return await typist.type(seconds)


class _Typist:
    """Types the file's own text at its middle, and what is shown there."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._server = psutil.Process(editor.process_id)
        self._uri = FILE.path.as_uri()
        self._cursor = len(FILE.text) // 2
        self._typed = 0
        self._open: set[int] = set()
        self._offered = self._stale = self._most_open = 0
        self._levels: list[int] = []
        """Resident memory at each keystroke, in bytes."""
        editor.open(self._uri, FILE.text)

    async def type(self, seconds: float) -> Storm:
        """Type for so long, not counting the stops between bursts."""
        self._offered = self._stale = self._most_open = 0
        keystrokes = round(seconds * PER_SECOND)
        self._levels = []
        pressed, took = 0, 0.0
        while pressed < keystrokes:
            shown = await self._stop() if pressed else ""
            along = shown[: min(ALONG, len(shown) - 1)] if shown else ""
            count = min(BURST, keystrokes - pressed)
            took += await self._burst(along[:count] + self._own(count - len(along)))
            pressed += count
        return Storm(
            pressed,
            round(pressed / took, 1),
            self._offered,
            self._stale,
            self._most_open,
            round(_grown(self._levels) / 2**20, 1),
        )

    async def _burst(self, text: str) -> float:
        """Type ``text`` at the storm's pace; returns the seconds that took, once every request is answered."""
        loop = asyncio.get_running_loop()
        answers = []
        began = loop.time()
        for number, character in enumerate(text, 1):
            self._editor.replace(self._uri, self._cursor, self._cursor, character)
            self._cursor += 1
            answers.append(asyncio.create_task(self._ask()))
            self._levels.append(self._server.memory_info().rss)
            # Who was held up catches up, but nobody types two characters at one moment.
            due = began + number / PER_SECOND - loop.time()
            await asyncio.sleep(max(due, LEAST_BEAT) - READING_SECONDS)
            await asyncio.sleep(READING_SECONDS)
        took = loop.time() - began
        await asyncio.gather(*answers)
        return took

    async def _stop(self) -> str:
        """What is shown once the typist has stopped."""
        items = await self._ask()
        return str(items[0]["insertText"]) if items else ""

    def _own(self, count: int) -> str:
        """The next characters of the file."""
        text = FILE.text
        own = "".join(text[place % len(text)] for place in range(self._typed, self._typed + count))
        self._typed += count
        return own

    async def _ask(self) -> list[Json]:
        asked_at = self._cursor
        number, answer = self._editor.begin(
            "textDocument/inlineCompletion", self._editor.inline_params(self._uri, asked_at)
        )
        self._open.add(number)
        self._most_open = max(self._most_open, len(self._open))
        try:
            items = items_of(await answer)
        except ServerError as error:
            if error.code != REQUEST_CANCELLED:
                raise
            items = []
        finally:
            self._open.discard(number)
        self._offered += bool(items)
        self._stale += any(not self._fits(item, asked_at) for item in items)
        return items

    def _fits(self, item: Json, asked_at: int) -> bool:
        """Whether an item begins where the cursor was between its request and now."""
        document = self._editor.documents[self._uri]
        start = item["range"]["start"]
        places = (document.position(offset, "utf-32") for offset in range(asked_at, self._cursor + 1))
        return any((place.line, place.character) == (start["line"], start["character"]) for place in places)


def _grown(levels: Sequence[int]) -> int:
    """How much higher the lowest of ``levels`` is in their last quarter than in their second."""
    quarter = -(-len(levels) // 4)
    first_half = levels[: max(1, len(levels) // 2)]
    return min(levels[-quarter:]) - min(first_half[-quarter:])
