"""Ghost text: ``textDocument/inlineCompletion``, and what it shares with ``textDocument/completion``.

The cursor in; then nothing, or what is left of an answer that is shown, or a job of the engine; and fills out, as
the editor can show them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from dgls.infill.request import Answer, Fill, Gap
from dgls.server.ahead import fill_next, improve
from dgls.server.asking import Ask, Wanted
from dgls.server.documents import TooLarge
from dgls.server.messages import Accepted, AcceptedCommand, Item, ItemMark
from dgls.server.restraint import holds_back
from dgls.server.session import Session
from dgls.server.shown import Rest, rests_of
from dgls.text import Document, typed_since

Show = Callable[[Session, Document, Sequence[Rest]], Any]
"""What an editor is answered with what there is to offer, best first; that may be nothing."""


CONFIDENT = 0.2
"""What comes while typing ends before the first token that is less probable."""
NO_DOCUMENT = Document.of("", "", 0, "")


class Cursor(NamedTuple):
    """Where something is asked for, and how. What is offered takes the place of ``span`` and begins with ``begins``."""

    snapshot: Document
    offset: int
    span: Gap
    begins: str
    by_hand: bool


def inline_completion(session: Session, params: lsp.InlineCompletionParams) -> "asyncio.Task[Any] | Any":
    """Ghost text at the cursor: the best fill, or all distinct ones if the user asked by hand."""
    by_hand = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked
    selected = params.context.selected_completion_info
    return offer(session, params.text_document.uri, params.position, by_hand, selected, _items)


def offer(
    session: Session,
    uri: str,
    position: lsp.Position,
    by_hand: bool,
    selected: lsp.SelectedCompletionInfo | None,
    show: Show,
) -> "asyncio.Task[Any] | Any":
    """What there is to offer at a cursor, as ``show`` has it: now, or when the engine has answered."""
    try:
        snapshot = session.documents.get(uri)
    except TooLarge as refused:
        session.show_once(refused.message)
        return show(session, NO_DOCUMENT, [])
    if session.paused and not by_hand:
        return show(session, snapshot, [])
    offset = session.documents.offset(snapshot, position)
    cursor = Cursor(snapshot, offset, Gap(offset, offset), "", by_hand)
    if selected is not None:
        start, end = (
            session.documents.offset(snapshot, edge) for edge in (selected.range.start, selected.range.end)
        )
        cursor = cursor._replace(span=Gap(min(start, end), max(start, end)), begins=selected.text)
    settings, typing = session.settings_for(snapshot).inline, session.documents.typing
    known = _worth(session, cursor, _selected(cursor, session.answers.find(snapshot, offset)))
    if holds_back(settings, typing.motion(uri), by_hand=by_hand):
        session.work.supersede()
        mistyped = settings.trigger == "automatic" and typing.motion(uri) == "deleted" and not cursor.begins
        deleted = typing.removed(uri)
        return show(
            session, snapshot, [rest for rest in known if mistyped and not rest.text.startswith(deleted)]
        )
    wanted = Wanted(
        (cursor.span,), find="completion", begins=cursor.begins, confident=0.0 if by_hand else CONFIDENT
    )
    if known:
        session.look(snapshot)  # for the next request: what is shown already may be shown once more
        session.work.supersede()
        fill_next(session, snapshot, known[0], wanted)
        return show(session, snapshot, known)
    wait = 0.0 if by_hand else typing.wait(settings, session.offers.counts, time.monotonic())
    return session.work.ask(snapshot, wanted, "automatic", partial(_answered, session, cursor, show), wait)


async def _answered(session: Session, cursor: Cursor, show: Show, ask: Ask) -> Any:
    try:
        answer = await session.work.answered(ask)
    except JsonRpcRequestCancelled:
        raise
    except JsonRpcException:
        return show(session, cursor.snapshot, [])  # it was shown, once; ghost text is no place for errors
    now = session.documents.find(cursor.snapshot.uri)
    typed = typed_since(cursor.snapshot, now, cursor.span.start) if now is not None else None
    if now is None or typed is None or (typed and cursor.begins):
        raise JsonRpcRequestCancelled("the document has changed")
    look = partial(_look, session, cursor, now, len(typed), ask)
    rests = look(answer)
    if typed and not rests:
        raise JsonRpcRequestCancelled("what was typed since is not what the answer says")
    if answer.early and session.wants_improvements and now is cursor.snapshot and show is _items:
        improve(session, ask, rests, look, partial(_items, session, now))
    elif rests:
        fill_next(session, now, rests[0], ask.wanted)
    return show(session, now, rests)


def _look(
    session: Session, cursor: Cursor, now: Document, typed: int, ask: Ask, answer: Answer
) -> Sequence[Rest]:
    """What of an answer the user gets when so many characters have been ``typed`` since it was asked for."""
    given = session.work.answer_in(cursor.snapshot, ask.wanted, answer)
    if cursor.begins:
        [gap] = answer.gaps or ask.wanted.gaps
        rests = _extending(cursor, gap, given.fills, given.first_id)
    else:
        session.answers.remember(now.uri, given)
        rests = rests_of(given, now, cursor.offset + typed)
    return _worth(session, cursor, rests)


def _worth(session: Session, cursor: Cursor, rests: Sequence[Rest]) -> Sequence[Rest]:
    """Of what there is, what the user gets: everything if asked by hand, else the best of what is likely enough."""
    if cursor.by_hand:
        return rests
    least = session.settings_for(cursor.snapshot).inline.min_confidence
    return [rest for rest in rests if rest.fill.confidence >= least][:1]


def _selected(cursor: Cursor, rests: Sequence[Rest]) -> Sequence[Rest]:
    """Of what is left at the cursor, what extends the selected text, in place of what that takes the place of."""
    if not cursor.begins:
        return rests
    before = cursor.snapshot.text[cursor.span.start : cursor.offset]
    extended = [
        rest._replace(text=before + rest.text, span=cursor.span)
        for rest in rests
        if rest.span.end == cursor.span.end
    ]
    return [rest for rest in extended if _extends(cursor, rest)]


def _extending(cursor: Cursor, gap: Gap, fills: Sequence[Fill], first_id: int) -> list[Rest]:
    rests = [Rest(fill.texts[0], gap, fill, number) for number, fill in enumerate(fills, first_id)]
    return [rest for rest in rests if _extends(cursor, rest)]


def _extends(cursor: Cursor, rest: Rest) -> bool:
    return rest.text.startswith(cursor.begins) and rest.text != cursor.begins


def _items(session: Session, now: Document, rests: Sequence[Rest]) -> list[Any]:
    """InlineCompletionItems."""
    session.offers.show([rest.id for rest in rests])
    return [
        msgspec.to_builtins(
            Item(
                rest.text,
                rest.text,
                session.range(now, rest.span),
                AcceptedCommand((Accepted(rest.id),)),
                ItemMark(rest.fill.validated, rest.id),
            )
        )
        for rest in rests
    ]
