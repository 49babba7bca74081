"""Ghost text: ``textDocument/inlineCompletion``. The cursor in, a job of the engine, items out."""

import asyncio
import re
from functools import partial
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from dgls.infill.request import Gap
from dgls.server.commands import in_line_ends_of, line_goes_on
from dgls.server.documents import TooLarge
from dgls.server.messages import Item, ItemMark
from dgls.server.session import Ask, Session, Wanted
from dgls.text import Document, typed_since


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
        Wanted((Gap(offset, offset),), single_line=_single_line(snapshot, offset, invoked)),
        "automatic",
        answer=partial(_items, session, invoked),
    )


async def _items(session: Session, every: bool, ask: Ask) -> list[Any]:
    try:
        answer = await session.answered(ask)
    except JsonRpcRequestCancelled:
        raise
    except JsonRpcException:
        return []  # it has been shown, once; ghost text is no place for errors
    [gap] = ask.wanted.gaps
    now = session.documents.find(ask.snapshot.uri)
    typed = typed_since(ask.snapshot, now, gap.start) if now is not None else None
    if now is None or typed is None:
        raise JsonRpcRequestCancelled("the document has changed")
    cursor = gap.start + len(typed)
    items: dict[str, Item] = {}
    for fill in answer.fills if every else answer.fills[:1]:
        text = in_line_ends_of(now, fill.texts[0])
        if text.startswith(typed) and (rest := text[len(typed) :]) and rest not in items:
            items[rest] = Item(rest, session.range(now, Gap(cursor, cursor)), ItemMark(fill.validated))
    if typed and not items:
        raise JsonRpcRequestCancelled("what was typed since is not what the answer says")
    return [msgspec.to_builtins(item) for item in items.values()]


def _single_line(document: Document, offset: int, invoked: bool) -> bool:
    """Whether ghost text at ``offset`` stays on its line.

    It does where the line goes on behind the cursor, and, unless the user asked by hand, where it has begun.
    """
    begun = re.search(r"[^\s]", document.text[_line_start(document, offset) : offset]) is not None
    return line_goes_on(document, offset) or (begun and not invoked)


def _line_start(document: Document, offset: int) -> int:
    return document.starts[document.position(offset, "utf-32").line]
