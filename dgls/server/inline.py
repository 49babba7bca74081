"""Ghost text: ``textDocument/inlineCompletion``. The cursor in, a job of the engine, items out."""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from dgls.infill.request import Gap
from dgls.server.commands import line_goes_on
from dgls.server.documents import TooLarge
from dgls.server.edits import in_line_ends_of
from dgls.server.messages import Accepted, AcceptedCommand, Item, ItemMark
from dgls.server.session import Ask, Session, Wanted
from dgls.server.shown import Rest, rests_of, shown
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
    single_line = _single_line(snapshot, offset, invoked)
    known = session.answers.find(snapshot, offset, single_line)
    if known:
        session.supersede()
        return _shown(session, snapshot, known, invoked)
    return session.ask(
        snapshot,
        Wanted((Gap(offset, offset),), single_line=single_line),
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
    fills = [fill._replace(texts=(in_line_ends_of(now, fill.texts[0]),)) for fill in answer.fills]
    given = shown(
        ask.snapshot, gap, fills, ask.wanted.single_line, first_id=session.offers.number(len(fills))
    )
    session.answers.remember(now.uri, given)
    rests = rests_of(given, now, gap.start + len(typed))
    if typed and not rests:
        raise JsonRpcRequestCancelled("what was typed since is not what the answer says")
    return _shown(session, now, rests, every)


def _shown(session: Session, now: Document, rests: Sequence[Rest], every: bool) -> list[Any]:
    """The items of what is left of fills: the best one, or ``every`` one."""
    given = rests if every else rests[:1]
    session.offers.show([rest.id for rest in given])
    return [msgspec.to_builtins(_item(session, now, rest)) for rest in given]


def _item(session: Session, now: Document, rest: Rest) -> Item:
    return Item(
        rest.text,
        rest.text,
        session.range(now, rest.span),
        AcceptedCommand((Accepted(rest.id),)),
        ItemMark(rest.fill.validated, rest.id),
    )


def _single_line(document: Document, offset: int, invoked: bool) -> bool:
    """Whether ghost text at ``offset`` stays on its line.

    It does where the line goes on behind the cursor, and, unless the user asked by hand, where it has begun.
    """
    begun = re.search(r"[^\s]", document.text[_line_start(document, offset) : offset]) is not None
    return line_goes_on(document, offset) or (begun and not invoked)


def _line_start(document: Document, offset: int) -> int:
    return document.starts[document.position(offset, "utf-32").line]
