"""What one client has asked for, and what is worked on for it while nobody waits: from requests to the engine and back.

What comes back from the model thread is brought to the event loop.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types as lsp
from msgspec.structs import replace
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from dgls.config import InfillSettings
from dgls.engine import LEFT
from dgls.infill.request import Answer, shifted
from dgls.job import NOTHING, Cancelled, Failed, Job, Kind, Outcome
from dgls.server.asking import Ask, Wanted, engine_request, show_frame
from dgls.server.edits import in_line_ends_of
from dgls.server.shown import Shown, shown
from dgls.text import Document, typed_since

if TYPE_CHECKING:
    from dgls.server.session import Session

Value = TypeVar("Value")


class Work:
    """The work for one client."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._asks: set[Ask] = set()
        self._newest: Ask | None = None
        """Of the automatic ones."""
        self._idle: Job | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the client waits for the model."""
        return any(ask.job is not None and not ask.outcome.done() for ask in self._asks)

    def ask(
        self,
        snapshot: Document,
        wanted: Wanted,
        kind: Kind,
        answer: Callable[[Ask], Coroutine[Any, Any, Value]],
        wait: float = 0.0,
    ) -> "asyncio.Task[Value]":
        """Give the engine gaps of ``snapshot`` to fill, in ``wait`` seconds; reply with what ``answer`` makes of it.

        To be called before anything is awaited. If the client cancels the reply, the work for it ends too.
        """
        if kind == "automatic":
            self.supersede()
            self._end_outdated_commands(snapshot)
        msg_id = self._session.protocol.msg_id
        assert msg_id is not None, "fills are asked by requests"
        ask = Ask(snapshot, wanted, msg_id, kind)
        if kind == "automatic":
            self._newest = ask
        reply = asyncio.create_task(answer(ask))

        def ended(_: object) -> None:
            ask.end(Cancelled("the request has ended"))
            self._asks.discard(ask)
            self._session.status.tell()

        self._asks.add(ask)
        # Not a `finally` in the coroutine: a task that is cancelled before its first turn never enters it.
        reply.add_done_callback(ended)

        def start() -> None:
            ask.waits = None
            looking = self._session.look(snapshot)
            if looking is None:
                self._submit(ask)
            else:
                looking.add_done_callback(lambda _: self._submit(ask))

        if wait > 0:
            ask.waits = self._session.loop.call_later(wait, start)
        else:
            start()
        return reply

    def fill_idle(
        self, snapshot: Document, wanted: Wanted, infill: InfillSettings, on_answer: Callable[[Answer], None]
    ) -> None:
        """Fill gaps of ``snapshot`` while nobody waits, instead of what was so filled until now."""
        self.stop_idle()
        request, shift = engine_request(self._session, snapshot, wanted)
        mine: list[Job] = []

        def done(outcome: Outcome) -> None:
            if [self._idle] == mine and isinstance(outcome, Answer):
                self._idle = None
                gaps = None if outcome.gaps is None else shifted(outcome.gaps, -shift)
                on_answer(outcome._replace(gaps=gaps))

        self._idle = self._session.seat.submit(
            replace(request, settings=infill), "idle", self._session.in_loop(done)
        )
        mine.append(self._idle)

    def stop_idle(self) -> None:
        """End what is worked on while nobody waits."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def answer_in(self, snapshot: Document, wanted: Wanted, answer: Answer) -> Shown:
        """An answer for the one gap of ``snapshot``, in the document's line ends, its items numbered."""
        [gap] = answer.gaps or wanted.gaps
        fills = [fill._replace(texts=(in_line_ends_of(snapshot, fill.texts[0]),)) for fill in answer.fills]
        return shown(snapshot, gap, fills, self._session.offers.number(len(fills)))

    def _submit(self, ask: Ask) -> None:
        """Give the engine what was asked, if that is still wanted and its document is none to be left alone."""
        if ask.outcome.done():
            return
        if ask.kind == "automatic" and ask is not self._newest:
            ask.end(Cancelled("superseded by a newer request"))
            return
        if (reason := self._session.refusal(ask.snapshot)) is not None:
            ask.end(NOTHING if ask.kind == "automatic" else Failed(f"{reason}, so dgls leaves it alone"))
            return
        infill = self._session.settings_for(ask.snapshot).infill
        # Not before: most keystrokes' requests are taken back while they wait, and a long text is put together for it.
        request, ask.shift = engine_request(self._session, ask.snapshot, ask.wanted)
        ask.job = self._session.seat.submit(
            replace(request, settings=replace(infill, seed=(infill.seed + ask.wanted.redrawn) % 2**31)),
            ask.kind,
            on_done=self._session.in_loop(ask.end),
            on_frame=self._session.in_loop(partial(show_frame, self._session, ask))
            if self._session.wants_frames or ask.kind == "command"
            else None,
        )
        self._session.status.tell_later()

    async def answered(self, ask: Ask) -> Answer:
        """The engine's answer; raises what the client is to be told where there is none."""
        outcome = await ask.outcome
        if isinstance(outcome, Cancelled):
            raise JsonRpcRequestCancelled(outcome.reason)
        if isinstance(outcome, Failed):
            self._session.show_once(outcome.message)
            raise JsonRpcException(outcome.message, code=lsp.LSPErrorCodes.RequestFailed)
        self._session.protocol.tracing.tell(
            f"{len(outcome.fills)} fills after {outcome.nfe} decoder passes",
            f"context tokens read: {outcome.prefill_tokens}, candidates rejected: {outcome.rejected}",
        )
        if any(not fill.validated for fill in outcome.fills):
            gaps = outcome.gaps or ask.wanted.gaps
            self._session.keep(
                asyncio.create_task(self._session.glances.say_what_is_missing(ask.snapshot, gaps))
            )
        return outcome

    def drop_stale(self, uri: str, now: Document | None) -> None:
        """End the automatic work that a change to ``uri`` made useless: any but what was begun and typed at its gap."""
        self.stop_idle()
        for ask in list(self._asks):
            if ask.kind == "command" or ask.snapshot.uri != uri:
                continue
            if now is None or ask.waits or typed_since(ask.snapshot, now, ask.wanted.gaps[0].start) is None:
                ask.end(Cancelled("the document has changed"))

    def supersede(self) -> None:
        """End all automatic work: what was asked last has its answer."""
        self.stop_idle()
        for ask in list(self._asks):
            if ask.kind == "automatic":
                ask.end(Cancelled("superseded by a newer request"))

    def _end_outdated_commands(self, now: Document) -> None:
        """End the commands that want another text of ``now`` than it has: who asks for more has gone on from there."""
        for ask in list(self._asks):
            if ask.bound_to_text and ask.snapshot.uri == now.uri and ask.snapshot.text != now.text:
                ask.end(NOTHING)

    def end_all(self) -> None:
        """End all work; the client is leaving."""
        for ask in list(self._asks):
            ask.end(Cancelled(LEFT))
