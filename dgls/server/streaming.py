"""Streaming edits: a fill that grows in the document itself, for editors that have no preview (``server.stream``).

    untouched ── two frames agree ──> written ── the fill is found ──────────────────────> filled
        │                             │  │  └── no fill, a failure, a cancel ────────────> restored
        │                             │  └── somebody else changed, closed or locked it ──> restored, or left
        └── any end: nothing to undo

What a frame shows is written where it stood unchanged for two frames, by versioned edits, one at a time: the next waits
until the document is known to hold the last. A change by anybody else ends the stream. The spans are followed through
it, so that the original text comes back where it belongs; where it went into a span itself, what the user sees is left
and the user is told, since the editor's undo still has it all. Nothing outside the spans is ever written.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dgls.infill.request import Frame, Gap, Run
from dgls.job import Cancelled
from dgls.server.edits import apply_edits, changes, in_line_ends_of, takes_versions
from dgls.server.standing import Standing, agreed
from dgls.text import Document

if TYPE_CHECKING:
    from dgls.server.asking import Ask
    from dgls.server.session import Session

LANDING_SECONDS = 5.0
"""How long an editor may take to tell of an edit that it said it applied."""
LEFT = "what is there now is left as it is, and undo brings the original back"


class Stream:
    """The streamed fill of one command.

    ``broken`` says why the stream ended before its time, if it did; ``last_fill`` is what the document had before.
    """

    def __init__(self, session: "Session", ask: "Ask", label: str) -> None:
        self.uri = ask.snapshot.uri
        self.broken: str | None = None
        self._session = session
        self._ask = ask
        self._label = label
        self._gaps: tuple[Gap, ...] = ()
        self._standing = Standing(ask.snapshot.text, ())
        self._original: tuple[str, ...] = ()
        self._coming: tuple[str, ...] | None = None
        """What an edit puts into the spans that the document is not yet known to hold."""
        self._lost = False
        """Whether nobody can say any more what of the document is the stream's."""
        self._drafts: tuple[tuple[Run, ...], ...] = ()
        self._wanted: tuple[str, ...] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._seen = asyncio.Event()
        self.last_fill = session.fills.find(ask.snapshot)
        session.streams.add(self)
        ask.watchers.append(self.show)
        ask.previews = False

    def show(self, frame: Frame) -> None:
        """Have written what this frame and the last agree on."""
        found = self._ask.in_snapshot(frame.gaps)
        gaps = self._ask.wanted.gaps if found is None else found
        before, self._drafts = self._drafts, frame.drafts
        if self.broken or frame.state == "done" or len(before) != len(gaps):
            return
        self._begin(gaps)
        texts = tuple(
            self._in_line_ends(text) if (text := agreed(old, new)).strip() else own
            for old, new, own in zip(before, frame.drafts, self._standing.own, strict=True)
        )
        self._wanted = texts
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_what_is_wanted())

    def see(self, now: Document | None) -> None:
        """Take note that the document was changed, by the stream or by somebody else, or closed (None)."""
        self._seen.set()
        if now is None:
            self._lost = self._has_written
            self._break("the document was closed meanwhile")
            return
        landed = None if self._coming is None else self._standing.holding(self._coming)
        if landed is not None and now.text == landed.text:
            self._standing, self._coming = landed, None
        elif now.text != self._standing.text and not (
            self._coming is not None and self._standing.halfway(self._coming, now.text)
        ):
            self._follow(now.text)
            self._break("the document was changed meanwhile")

    async def finish(self, gaps: Sequence[Gap], texts: Sequence[str]) -> bool:
        """Write the fill; answers whether it stands there. If it does not, :meth:`restore` is still to be called."""
        await self._pause()
        if self.broken:
            return False
        self._begin(tuple(gaps))
        found = dict(zip(gaps, texts, strict=True))
        assert found.keys() <= set(self._gaps), "what was filled is what was shown"
        own = zip(self._gaps, self._original, strict=True)
        filled = await self._write(tuple(found.get(gap, text) for gap, text in own))
        if filled:
            self._session.streams.discard(self)
        return filled

    async def restore(self) -> bool:
        """Put the original text back; answers whether it stands there."""
        await self._pause()
        while not self._lost and self._standing.own != self._original:
            before = self._session.documents.find(self.uri)
            written = await self._write(self._original)
            if not written and before is self._session.documents.find(self.uri):
                self._lost = True  # it was not for a change that the editor refused
        self._session.streams.discard(self)
        now = self._session.documents.find(self.uri)
        if self.last_fill is not None and now is not None and not self._lost:
            self._session.fills.remember(self.uri, self.last_fill)
            self._session.fills.follow(self.uri, now)
        return not self._lost

    @property
    def _has_written(self) -> bool:
        """Whether anything but the original may stand in the spans by the stream's doing."""
        return self._coming is not None or self._standing.own != self._original

    def _begin(self, gaps: tuple[Gap, ...]) -> None:
        """The gaps are known: those of the request, or the holes that were found."""
        if not self._gaps:
            self._gaps = gaps
            self._standing = Standing(self._ask.snapshot.text, gaps)
            self._original = self._standing.own

    async def _write_what_is_wanted(self) -> None:
        while self._wanted is not None and not self.broken:
            texts, self._wanted = self._wanted, None
            await self._write(texts)

    async def _pause(self) -> None:
        """Write no more drafts, and wait for the edit that is on its way."""
        self._wanted = None
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self, texts: tuple[str, ...]) -> bool:
        """Put ``texts`` into the spans; answers whether the document holds them now."""
        now = self._session.documents.find(self.uri)
        if now is None or now.text != self._standing.text:
            self._break("the document was changed meanwhile")
            return False
        if texts == self._standing.own:
            return True
        self._coming = texts
        edits = changes(self._session, now, self._standing.spans, texts)
        refused = await apply_edits(self._session, self._label, now, edits)
        if refused is not None:
            self._break(refused)
        while refused is None and self._coming is not None and not self._lost:
            self._seen.clear()
            try:
                await asyncio.wait_for(self._seen.wait(), LANDING_SECONDS)
            except TimeoutError:
                self._lost = True
                self._break("the editor said that it applied an edit, but the document did not change")
        landed, self._coming = self._coming is None, None
        return landed

    def _follow(self, now: str) -> None:
        """Find the spans in ``now``, which somebody else has changed, before or after the edit that is on its way."""
        possible = [self._standing]
        if self._coming is not None:
            possible.append(self._standing.holding(self._coming))
        if (undone := self._standing.holding(self._original)).text == now:
            possible.append(undone)
        for number, standing in sorted(enumerate(possible), key=lambda one: one[1].far_from(now)):
            if (moved := standing.moved(now)) is not None:
                self._standing = moved
                self._coming = None if number else self._coming
                return
        self._lost = self._has_written

    def _break(self, reason: str) -> None:
        """End the stream and the work for it."""
        if not self.broken:
            self.broken = reason
            self._ask.end(Cancelled(reason))

    def _in_line_ends(self, text: str) -> str:
        return in_line_ends_of(self._ask.snapshot, text)


def can_stream(session: "Session", document: Document) -> bool:
    """Whether edits of ``document`` are to be streamed, and the client can say what version an edit is for."""
    workspace = session.client_capabilities.workspace
    applies = bool(workspace and workspace.apply_edit) and takes_versions(session)
    return applies and session.settings_for(document).server.stream == "edits"
