"""What becomes of a command: its fill is applied by one edit, or streamed, and the user hears why if it is not."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.infill.request import Answer, Gap
from dgls.job import Cancelled
from dgls.server.asking import Ask, Wanted
from dgls.server.edits import apply_edits, changes, in_line_ends_of
from dgls.server.last_fill import LastFill, filled_once
from dgls.server.messages import (
    FILL_COMMAND,
    HOLES_COMMAND,
    REDENOISE_COMMAND,
    REPAIR_COMMAND,
    REWRITE_COMMAND,
    FillResult,
    Offer,
)
from dgls.server.progress import Token, shown
from dgls.server.session import Session
from dgls.server.streaming import LEFT, Stream, can_stream
from dgls.text import Document

Value = TypeVar("Value")

LABELS = {
    FILL_COMMAND: "dgls: fill",
    HOLES_COMMAND: "dgls: fill holes",
    REPAIR_COMMAND: "dgls: repair",
    REDENOISE_COMMAND: "dgls: draw again",
    REWRITE_COMMAND: "dgls: rewrite",
}
"""What an editor may call the edit, to undo it, and the work for it."""


class Found(NamedTuple):
    """What the engine has found for ``document``: the gaps, the texts of the best fill for them, and all fills."""

    document: Document
    gaps: tuple[Gap, ...]
    texts: tuple[str, ...]
    offers: tuple[Offer, ...]

    def result(self, left: int) -> FillResult:
        """What the client is told before anything is applied."""
        return FillResult(False, version=self.document.version, fills=self.offers, left=left)

    def after(self, last: LastFill | None) -> LastFill:
        """The fill as it will stand there; ``last`` is what it draws again, if it does."""
        if last is None:
            return filled_once(self.document.text, self.gaps, self.texts)
        return last.redrawn(self.gaps, self.texts)


async def replied(session: Session, name: str, apply: bool, token: Token | None, ask: Ask) -> Any:
    """Wait for the answer, have its best fill applied if that is wanted, and tell what came of it."""
    await session.rules.looked(ask.snapshot)  # its project may say that edits are streamed
    # A repair tries whole statements, and ends as the smallest edit: there is nothing to see grow.
    streams = apply and ask.wanted.find != "faults" and can_stream(session, ask.snapshot)
    with shown(session, LABELS[name], token, partial(ask.end, Cancelled("cancelled"))) as progress:
        ask.watchers.append(progress.show)
        result = await (_streamed(session, name, ask) if streams else _at_once(session, name, apply, ask))
    if result.reason is not None:
        session.show(f"{name}: {result.reason}", lsp.MessageType.Warning)
    elif result.left:
        what = {"holes": "holes", "faults": "faults"}.get(ask.wanted.find or "", "ranges")
        session.show(f"{name}: {what} that stay as they are: {result.left}", lsp.MessageType.Info)
    return msgspec.to_builtins(result)


def found(session: Session, document: Document, wanted: Wanted, answer: Answer) -> Found:
    """The fills of ``answer``, of which there is one at least, as edits to ``document``."""
    gaps = wanted.gaps if answer.gaps is None else answer.gaps
    texts = [tuple(in_line_ends_of(document, text) for text in fill.texts) for fill in answer.fills]
    offers = tuple(
        Offer(changes(session, document, gaps, own), fill.validated, round(fill.confidence, 3))
        for fill, own in zip(answer.fills, texts, strict=True)
    )
    return Found(document, gaps, texts[0], offers)


def nothing(wanted: Wanted, left: int) -> str:
    """Why there is no fill."""
    if wanted.find == "holes":
        return f"{left} holes were found, and nothing valid for them" if left else "there are no holes here"
    if wanted.find == "faults":
        return "no edit was found that mends this" if left else "there is nothing here that does not parse"
    if wanted.strength == 0:
        return "a strength of 0 keeps everything"
    return "no new text was found that is valid here"


async def _at_once(session: Session, name: str, apply: bool, ask: Ask) -> FillResult:
    """One edit, once the fill is found."""
    ask.bound_to_text = True
    answer = await session.work.answered(ask)
    now = session.documents.find(ask.snapshot.uri)
    if now is None:
        return FillResult(False, reason="the document was closed meanwhile; nothing was changed")
    if now.text != ask.snapshot.text:
        return FillResult(False, reason="the document was changed meanwhile; nothing was changed by dgls")
    if not answer.fills:
        return FillResult(False, reason=nothing(ask.wanted, answer.left), left=answer.left)
    best = found(session, now, ask.wanted, answer)
    result = best.result(answer.left)
    if not apply:
        return result
    last = session.fills.find(now) if ask.wanted.redrawn else None
    why = await apply_edits(session, LABELS[name], now, best.offers[0].edits)
    if why is not None:
        return msgspec.structs.replace(result, reason=why)
    _remember(session, now, best.after(last))
    return msgspec.structs.replace(result, applied=True, validated=best.offers[0].validated)


async def _streamed(session: Session, name: str, ask: Ask) -> FillResult:
    """Edits while the fill is found; the document ends with the fill, or as it was."""
    stream = Stream(session, ask, LABELS[name])
    try:
        answer = await session.work.answered(ask)
    except asyncio.CancelledError:  # it is answered at once
        session.keep(asyncio.create_task(_put_back(session, name, stream)))
        raise
    except JsonRpcException:
        if stream.broken is None:
            await _kept(session, _put_back(session, name, stream))
            raise
        return await _kept(session, _not_filled(stream, stream.broken))
    if not answer.fills:
        reason = nothing(ask.wanted, answer.left)
        result = await _kept(session, _not_filled(stream, reason))
        return msgspec.structs.replace(result, left=answer.left)
    return await _kept(session, _finished(session, stream, ask, answer))


async def _finished(session: Session, stream: Stream, ask: Ask, answer: Answer) -> FillResult:
    best = found(session, ask.snapshot, ask.wanted, answer)
    result = best.result(answer.left)
    if not await stream.finish(best.gaps, best.texts):
        failed = await _not_filled(stream, stream.broken or "the fill could not be written")
        return msgspec.structs.replace(result, reason=failed.reason)
    _remember(session, ask.snapshot, best.after(stream.last_fill if ask.wanted.redrawn else None))
    return msgspec.structs.replace(result, applied=True, validated=best.offers[0].validated)


async def _not_filled(stream: Stream, reason: str) -> FillResult:
    restored = await stream.restore()
    return FillResult(False, reason=reason if restored else f"{reason}; {LEFT}")


async def _put_back(session: Session, name: str, stream: Stream) -> None:
    if not await stream.restore():
        session.show(f"{name}: ended before its time; {LEFT}", lsp.MessageType.Warning)


async def _kept(session: Session, work: Coroutine[Any, Any, Value]) -> Value:
    """What ``work`` answers; it goes on where the one that waits for it is cancelled."""
    task = asyncio.create_task(work)
    session.keep(task)
    return await asyncio.shield(task)


def _remember(session: Session, before: Document, fill: LastFill) -> None:
    """Keep a fill that the editor has applied to ``before``; it may tell of the change before or after it says so."""
    now = session.documents.find(before.uri)
    if now is not None:
        session.fills.remember(before.uri, fill)
        if now.text not in (before.text, fill.text):  # the user typed on meanwhile
            session.fills.follow(before.uri, now)
