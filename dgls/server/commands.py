"""What a user asks for by hand: six jobs, one path. Arguments in, a job of the engine, one versioned edit out.

Each command differs only in what of the document it frees. It takes its snapshot at once, before any later change is
looked at, and returns the task that will reply.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.engine import Cancelled
from dgls.infill.request import FillError, Gap, in_order, unpinned
from dgls.server.last_fill import LastFill, filled_once
from dgls.server.messages import (
    FILL_COMMAND,
    HOLES_COMMAND,
    REDENOISE_COMMAND,
    REPAIR_COMMAND,
    REWRITE_COMMAND,
    Arguments,
    Change,
    FillArguments,
    FillResult,
    HolesArguments,
    Offer,
    Range,
    RedenoiseArguments,
    Refused,
    RepairArguments,
    RewriteArguments,
    read_arguments,
)
from dgls.server.progress import Token, shown
from dgls.server.session import Ask, Session, Wanted
from dgls.text import LINE_END, Document

AnyArguments = TypeVar("AnyArguments", bound=Arguments)
Command = Callable[[Session, Sequence[Any], Token | None], "asyncio.Task[Any]"]

LABELS = {
    FILL_COMMAND: "dgls: fill",
    HOLES_COMMAND: "dgls: fill holes",
    REPAIR_COMMAND: "dgls: repair",
    REDENOISE_COMMAND: "dgls: draw again",
    REWRITE_COMMAND: "dgls: rewrite",
}
"""What an editor may call the edit, to undo it."""


def fill(session: Session, document: Document, asked: FillArguments) -> Wanted:
    """Rewrite a span so that it fits both sides; what is pinned in it survives to the letter."""
    selection = _span(session, document, asked.range, "the range")
    pins = [_span(session, document, pin, f"pin {number}") for number, pin in enumerate(asked.pins, 1)]
    return Wanted(unpinned(selection, pins), _within_line(document, selection))


def rewrite(session: Session, document: Document, asked: RewriteArguments) -> Wanted:
    """Draw a share of a span's tokens again, the least certain first."""
    wanted = fill(session, document, asked)
    if all(gap.start == gap.end for gap in wanted.gaps):
        raise FillError(f"an empty range has nothing to rewrite; select a span, or use {FILL_COMMAND}")
    return wanted._replace(strength=asked.strength)


def fill_holes(session: Session, document: Document, asked: HolesArguments) -> Wanted:
    """Fill all holes of a span, of the function around the cursor, or of the document, by one edit."""
    return Wanted((_part(session, document, asked.range),), find="holes")


def repair(session: Session, document: Document, asked: RepairArguments) -> Wanted:
    """Mend the faults that touch a span by the smallest edit that parses."""
    return Wanted((_part(session, document, asked.range),), find="faults")


def redenoise(session: Session, document: Document, asked: RedenoiseArguments) -> Wanted:
    """Draw the last fill, or parts of it, again; all else is kept."""
    last = session.fills.find(document)
    if last is None:
        raise FillError("there is no last fill in this document, or it was changed beyond its edges since")
    parts = in_order(
        [_span(session, document, part, f"range {number}") for number, part in enumerate(asked.ranges, 1)],
        "range",
    )
    for number, part in enumerate(parts, 1):
        if not any(span.start <= part.start and part.end <= span.end for span in last.spans):
            raise FillError(
                f"range {number} is not inside the last fill, which is all that can be drawn again"
            )
    gaps = parts or last.spans
    within_line = all(_within_line(document, gap) for gap in gaps)
    return Wanted(gaps, within_line, redrawn=last.draws)


def _command(
    name: str, kind: type[AnyArguments], want: Callable[[Session, Document, AnyArguments], Wanted]
) -> Command:
    """The command ``name``: its arguments are read as ``kind``, and ``want`` says what of the document they ask for."""

    def command(session: Session, arguments: Sequence[Any], token: Token | None) -> "asyncio.Task[Any]":
        try:
            asked = read_arguments(name, arguments, kind)
            snapshot = session.documents.get(asked.uri)
            try:
                wanted = want(session, snapshot, asked)
            except FillError as error:
                raise Refused(f"{name}: {error}") from error
        except Refused as refused:
            session.show(refused.message, lsp.MessageType.Error)
            raise
        wanted = wanted._replace(candidates=asked.candidates)
        return session.ask(snapshot, wanted, "command", partial(_replied, session, name, asked.apply, token))

    return command


COMMANDS: dict[str, Command] = {
    FILL_COMMAND: _command(FILL_COMMAND, FillArguments, fill),
    HOLES_COMMAND: _command(HOLES_COMMAND, HolesArguments, fill_holes),
    REPAIR_COMMAND: _command(REPAIR_COMMAND, RepairArguments, repair),
    REDENOISE_COMMAND: _command(REDENOISE_COMMAND, RedenoiseArguments, redenoise),
    REWRITE_COMMAND: _command(REWRITE_COMMAND, RewriteArguments, rewrite),
}


async def _replied(session: Session, name: str, apply: bool, token: Token | None, ask: Ask) -> Any:
    with shown(session, LABELS[name], token, partial(ask.end, Cancelled("cancelled"))) as progress:
        ask.watchers.append(progress.show)
        result = await _result(session, name, apply, ask)
    if result.reason is not None:
        session.show(f"{name}: {result.reason}", lsp.MessageType.Warning)
    elif result.left:
        what = "holes" if ask.wanted.find == "holes" else "faults"
        session.show(f"{name}: {what} that stay as they are: {result.left}", lsp.MessageType.Info)
    return msgspec.to_builtins(result)


async def _result(session: Session, name: str, apply: bool, ask: Ask) -> FillResult:
    answer = await session.answered(ask)
    if not answer.fills:
        return FillResult(False, reason=_nothing(ask.wanted, answer.left), left=answer.left)
    now = session.documents.find(ask.snapshot.uri)
    if now is None:
        return FillResult(False, reason="the document was closed meanwhile; nothing was changed")
    if now.text != ask.snapshot.text:
        return FillResult(False, reason="the document was changed meanwhile; nothing was changed by dgls")
    gaps = ask.wanted.gaps if answer.gaps is None else answer.gaps
    texts = [[in_line_ends_of(now, text) for text in offered.texts] for offered in answer.fills]
    offers = tuple(
        Offer(_changes(session, now, gaps, own), offered.validated, round(offered.confidence, 3))
        for offered, own in zip(answer.fills, texts, strict=True)
    )
    result = FillResult(False, version=now.version, fills=offers, left=answer.left)
    if not apply:
        return result
    last = session.fills.find(now) if ask.wanted.redrawn else None
    why = await _apply(session, name, now, offers[0])
    if why is not None:
        return msgspec.structs.replace(result, reason=why)
    after = filled_once(now.text, gaps, texts[0]) if last is None else last.redrawn(gaps, texts[0])
    _remember(session, now, after)
    return msgspec.structs.replace(result, applied=True, validated=offers[0].validated)


def _remember(session: Session, before: Document, fill: LastFill) -> None:
    """Keep a fill that the editor has applied to ``before``; it may tell of the change before or after it says so."""
    now = session.documents.find(before.uri)
    if now is not None:
        session.fills.remember(before.uri, fill)
        if now.text not in (before.text, fill.text):  # the user typed on meanwhile
            session.fills.follow(before.uri, now)


def _nothing(wanted: Wanted, left: int) -> str:
    """Why there is no fill."""
    if wanted.find == "holes":
        return f"{left} holes were found, and nothing valid for them" if left else "there are no holes here"
    if wanted.find == "faults":
        return "no edit was found that mends this" if left else "there is nothing here that does not parse"
    if wanted.strength == 0:
        return "a strength of 0 keeps everything"
    return "no new text was found that is valid here"


async def _apply(session: Session, name: str, now: Document, offer: Offer) -> str | None:
    """Have the editor apply ``offer``; answers why it did not, if it did not."""
    edits: list[lsp.TextEdit | lsp.AnnotatedTextEdit | lsp.SnippetTextEdit] = []
    for change in offer.edits:
        start, end = (
            lsp.Position(place.line, place.character) for place in (change.range.start, change.range.end)
        )
        edits.append(lsp.TextEdit(lsp.Range(start, end), change.new_text))
    edit = lsp.TextDocumentEdit(lsp.OptionalVersionedTextDocumentIdentifier(now.uri, now.version), edits)
    try:
        response = await session.workspace_apply_edit_async(
            lsp.ApplyWorkspaceEditParams(lsp.WorkspaceEdit(document_changes=[edit]), LABELS[name])
        )
    except JsonRpcException as error:
        return f"the editor refused the edit: {error.message}"
    if not response.applied:
        why = response.failure_reason or "the document may have changed meanwhile"
        return f"the editor did not apply the edit: {why}"
    return None


def _changes(
    session: Session, document: Document, gaps: Sequence[Gap], texts: Sequence[str]
) -> tuple[Change, ...]:
    """The edits that put ``texts`` into ``gaps``; a gap that keeps its text has none."""
    return tuple(
        Change(session.range(document, gap), text)
        for gap, text in zip(gaps, texts, strict=True)
        if text != document.text[gap.start : gap.end]
    )


def _span(session: Session, document: Document, given: Range, what: str) -> Gap:
    start, end = (
        session.documents.offset(document, lsp.Position(place.line, place.character))
        for place in (given.start, given.end)
    )
    if end < start:
        raise FillError(f"{what} ends before it starts")
    return Gap(start, end)


def _part(session: Session, document: Document, given: Range | None) -> Gap:
    return Gap(0, len(document.text)) if given is None else _span(session, document, given, "the range")


def _within_line(document: Document, span: Gap) -> bool:
    """Whether ``span`` lies within a line that goes on behind it: then what fills it stays on that line."""
    return LINE_END.search(document.text, *span) is None and line_goes_on(document, span.end)


def line_goes_on(document: Document, offset: int) -> bool:
    """Whether anything but white space follows ``offset`` on its line."""
    line, column = document.position(offset, "utf-32")
    return bool(document.lines[line][column:].strip())


def in_line_ends_of(document: Document, text: str) -> str:
    """``text`` with the line ends of ``document``."""
    return LINE_END.sub(lambda _: document.line_end, text)
