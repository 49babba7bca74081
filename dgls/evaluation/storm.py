"""A keystroke storm: fifty characters a second, each with a request for ghost text that nobody waits for.

What must hold then: no answer is for a text that is no more, requests do not pile up, and memory stays flat. All is
seen from outside, over standard input and output.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from dgls.evaluation.cuts import SourceFile
from dgls.evaluation.editor import REQUEST_CANCELLED, Editor, Json, ServerError, editing, items_of

PER_SECOND = 50
FILE = SourceFile("textwrap")
SETTLED = 4
"""One part in so many of the storm is over before memory is looked at for the first time."""


class Storm(NamedTuple):
    """What became of ``keystrokes``.

    ``stale`` counts answers whose place is none that the cursor had from their request on; ``most_open`` is how many
    requests were without an answer at once, at most; ``grown_mb`` how much the resident memory grew after it began.
    """

    keystrokes: int
    per_second: float
    offered: int
    stale: int
    most_open: int
    grown_mb: float


async def measure_storm(command: Sequence[str], seconds: float) -> Storm:
    """Type a file into itself for ``seconds``; raises :class:`ServerError`."""
    async with editing(command) as editor:
        await editor.ready()
        return await _Typist(editor).type(seconds)


class _Typist:
    """Types the file's own text at its middle, without waiting for anything."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._uri = FILE.path.as_uri()
        self._cursor = len(FILE.text) // 2
        self._open: set[int] = set()
        self._offered = self._stale = self._most_open = 0
        editor.open(self._uri, FILE.text)

    async def type(self, seconds: float) -> Storm:
        loop = asyncio.get_running_loop()
        server = psutil.Process(self._editor.process_id)
        keystrokes = round(seconds * PER_SECOND)
        answers = []
        settled = 0
        began = loop.time()
        for number in range(keystrokes):
            self._press(FILE.text[number % len(FILE.text)])
            answers.append(asyncio.create_task(self._ask()))
            if number == keystrokes // SETTLED:
                settled = server.memory_info().rss
            await asyncio.sleep(began + (number + 1) / PER_SECOND - loop.time())
        took = loop.time() - began
        await asyncio.gather(*answers)
        grown = (server.memory_info().rss - settled) / 2**20
        return Storm(
            keystrokes,
            round(keystrokes / took, 1),
            self._offered,
            self._stale,
            self._most_open,
            round(grown, 1),
        )

    def _press(self, character: str) -> None:
        self._editor.replace(self._uri, self._cursor, self._cursor, character)
        self._cursor += 1

    async def _ask(self) -> None:
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

    def _fits(self, item: Json, asked_at: int) -> bool:
        """Whether an item begins where the cursor was between its request and now."""
        document = self._editor.documents[self._uri]
        start = item["range"]["start"]
        places = (document.position(offset, "utf-32") for offset in range(asked_at, self._cursor + 1))
        return any((place.line, place.character) == (start["line"], start["character"]) for place in places)
