"""What the server does for an editor: each feature is a request in, a job of the engine, and an edit out.

A feature is a plain function: it takes its snapshot at once, before any later change is looked at, and
returns the task that will reply.
"""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from dgls.infill.request import Fill, Gap
from dgls.server.documents import TooLarge
from dgls.server.messages import FILL_COMMAND, FillResult, Item, ItemMark, Refused, read_fill_arguments
from dgls.server.session import Ask, Session
from dgls.text import LINE_END, Document, typed_since

UNDO_LABEL = "dgls: fill"


def register(session: Session) -> None:
    """Put the features into the session."""
    session.feature(lsp.INITIALIZE)(initialize)
    session.feature(lsp.INITIALIZED)(initialized)
    # Without options of their own, inline completions are never advertised.
    session.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())(inline_completion)
    session.command(FILL_COMMAND)(fill)


def initialize(session: Session, params: lsp.InitializeParams) -> None:
    """Take what the client says of itself."""
    session.initialize(params)


def initialized(session: Session, params: lsp.InitializedParams) -> None:
    """Begin: load the model."""
    session.initialized()


def inline_completion(
    session: Session, params: lsp.InlineCompletionParams
) -> "asyncio.Task[list[Any]] | list[Any]":
    """Ghost text at the cursor: the best fill, or all of them if the user asked by hand."""
    try:
        snapshot = session.documents.get(params.text_document.uri)
    except TooLarge as refused:
        session.show_once(refused.message)
        return []
    offset = session.documents.offset(snapshot, params.position)
    invoked = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    return session.ask(
        snapshot,
        Gap(offset, offset),
        "automatic",
        single_line=_single_line(snapshot, offset, invoked),
        answer=partial(_items, session, invoked),
    )


async def _items(session: Session, every: bool, ask: Ask) -> list[Any]:
    try:
        answer = await session.answered(ask)
    except JsonRpcRequestCancelled:
        raise
    except JsonRpcException:
        return []  # it has been shown, once; ghost text is no place for errors
    now = session.documents.find(ask.snapshot.uri)
    typed = typed_since(ask.snapshot, now, ask.gap.start) if now is not None else None
    if now is None or typed is None:
        raise JsonRpcRequestCancelled("the document has changed")
    cursor = ask.gap.start + len(typed)
    items: dict[str, Item] = {}
    for fill in answer.fills if every else answer.fills[:1]:
        text = _text(fill, now)
        if text.startswith(typed) and (rest := text[len(typed) :]) and rest not in items:
            items[rest] = Item(rest, session.range(now, Gap(cursor, cursor)), ItemMark(fill.validated))
    if typed and not items:
        raise JsonRpcRequestCancelled("what was typed since is not what the answer says")
    return [msgspec.to_builtins(item) for item in items.values()]


def fill(session: Session, arguments: Sequence[Any]) -> "asyncio.Task[Any]":
    """The command ``dgls.fill``: rewrite a span so that it fits both sides, as one edit."""
    try:
        asked = read_fill_arguments(arguments)
        snapshot = session.documents.get(asked.uri)
        start, end = (
            session.documents.offset(snapshot, lsp.Position(place.line, place.character))
            for place in (asked.range.start, asked.range.end)
        )
        if end < start:
            raise Refused(f"{FILL_COMMAND}: the range ends before it starts")
    except Refused as refused:
        session.show(refused.message, lsp.MessageType.Error)
        raise
    within_line = LINE_END.search(snapshot.text, start, end) is None
    return session.ask(
        snapshot,
        Gap(start, end),
        "command",
        single_line=within_line and _line_goes_on(snapshot, end),
        answer=partial(_applied, session),
    )


async def _applied(session: Session, ask: Ask) -> Any:
    result = await _apply(session, ask)
    if result.reason is not None:
        session.show(f"{FILL_COMMAND}: {result.reason}", lsp.MessageType.Warning)
    return msgspec.to_builtins(result)


async def _apply(session: Session, ask: Ask) -> FillResult:
    answer = await session.answered(ask)
    if not answer.fills:
        return FillResult(False, reason="no new text was found that is valid here")
    best = answer.fills[0]
    now = session.documents.find(ask.snapshot.uri)
    if now is None:
        return FillResult(False, reason="the document was closed meanwhile; nothing was changed")
    if now.text != ask.snapshot.text:
        return FillResult(False, reason="the document was changed meanwhile; nothing was changed by dgls")
    span = session.range(now, ask.gap)
    start, end = (lsp.Position(place.line, place.character) for place in (span.start, span.end))
    edit = lsp.TextDocumentEdit(
        lsp.OptionalVersionedTextDocumentIdentifier(now.uri, now.version),
        [lsp.TextEdit(lsp.Range(start, end), _text(best, now))],
    )
    try:
        response = await session.workspace_apply_edit_async(
            lsp.ApplyWorkspaceEditParams(lsp.WorkspaceEdit(document_changes=[edit]), UNDO_LABEL)
        )
    except JsonRpcException as error:
        return FillResult(False, reason=f"the editor refused the edit: {error.message}")
    if not response.applied:
        why = response.failure_reason or "the document may have changed meanwhile"
        return FillResult(False, reason=f"the editor did not apply the edit: {why}")
    return FillResult(True, best.validated)


def _single_line(document: Document, offset: int, invoked: bool) -> bool:
    """Whether ghost text at ``offset`` stays on its line.

    It does where the line goes on behind the cursor, and, unless the user asked by hand, where it has begun.
    """
    begun = re.search(r"[^\s]", document.text[_line_start(document, offset) : offset]) is not None
    return _line_goes_on(document, offset) or (begun and not invoked)


def _line_start(document: Document, offset: int) -> int:
    return document.starts[document.position(offset, "utf-32").line]


def _line_goes_on(document: Document, offset: int) -> bool:
    line, column = document.position(offset, "utf-32")
    return bool(document.lines[line][column:].strip())


def _text(fill: Fill, document: Document) -> str:
    """The text of a fill with the line ends of the document."""
    return LINE_END.sub(lambda _: document.line_end, fill.texts[0])
