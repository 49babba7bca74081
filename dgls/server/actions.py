"""Code actions: what dgls could do here; nothing is done before one is chosen.

A client that applies edits gets commands, which show their progress and end as one edit. One that does not, but
resolves actions, gets each action's edit when it resolves it. Holes and faults are found in a thread, since parsing
would stall the event loop, and once per version of a document.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from dgls.infill.request import Gap
from dgls.job import Cancelled
from dgls.server.asking import Ask
from dgls.server.commands import begin
from dgls.server.documents import TooLarge
from dgls.server.edits import workspace_edit
from dgls.server.messages import (
    FILL_COMMAND,
    HOLES_COMMAND,
    REDENOISE_COMMAND,
    REPAIR_COMMAND,
    REWRITE_COMMAND,
    Arguments,
    LazyAction,
    Refused,
)
from dgls.server.progress import shown
from dgls.server.replies import LABELS, found, nothing
from dgls.server.session import Session
from dgls.text import Document

if TYPE_CHECKING:
    from dgls.infill.found import Glance

REWRITE_KIND = lsp.CodeActionKind.RefactorRewrite
STRENGTHS = {"Rewrite the selection a little": 0.25, "Rewrite the selection": 0.6}


class Offered(NamedTuple):
    """An action: its title and kind, and the command with its argument, which lacks the document."""

    title: str
    kind: lsp.CodeActionKind
    command: str
    argument: dict[str, Any]


def code_actions(session: Session, params: lsp.CodeActionParams) -> "asyncio.Task[list[Any]] | list[Any]":
    """What dgls could do with the range that the editor asks about."""
    try:
        snapshot = session.documents.get(params.text_document.uri)
    except TooLarge:
        return []
    span = Gap(
        *(session.documents.offset(snapshot, place) for place in (params.range.start, params.range.end))
    )
    return asyncio.ensure_future(_code_actions(session, snapshot, span, params.context.only))


async def _code_actions(
    session: Session, snapshot: Document, span: Gap, only: Any
) -> list[lsp.CodeAction | lsp.Command]:
    wanted = [
        offered
        for offered in await _offered(session, snapshot, span)
        if only is None or any(f"{offered.kind.value}.".startswith(f"{_name(kind)}.") for kind in only)
    ]
    capabilities = session.client_capabilities.text_document
    known = capabilities and capabilities.code_action
    literal = known and known.code_action_literal_support
    tagged = known and known.tag_support and lsp.CodeActionTag.LlmGenerated in known.tag_support.value_set
    workspace = session.client_capabilities.workspace
    applies = bool(workspace and workspace.apply_edit)
    resolves = bool(
        known and known.data_support and known.resolve_support and "edit" in known.resolve_support.properties
    )
    actions: list[lsp.CodeAction | lsp.Command] = []
    for offered in wanted if applies or resolves else ():
        argument = {"uri": snapshot.uri, **offered.argument}
        action = lsp.CodeAction(f"dgls: {offered.title}", kind=offered.kind)
        if tagged:
            action.tags = [lsp.CodeActionTag.LlmGenerated]
        if applies:
            action.command = lsp.Command(action.title, offered.command, arguments=[argument])
        else:
            action.data = {"command": offered.command, "argument": argument, "version": snapshot.version}
        actions.append(action.command if action.command and not literal else action)
    return actions


def resolve(session: Session, action: lsp.CodeAction) -> "asyncio.Task[lsp.CodeAction] | lsp.CodeAction":
    """Find the edit of an action that was offered without one; a command needs nothing more."""
    if action.data is None:
        return action
    try:
        lazy = msgspec.convert(action.data, LazyAction)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise Refused(
            f"codeAction/resolve takes an action as it was offered: data is wrong: {error}"
        ) from error
    now = session.documents.get(str(lazy.argument.get("uri")))
    if now.version != lazy.version:
        raise _changed_meanwhile()
    return begin(session, lazy.command, [lazy.argument], partial(_resolved, session, lazy.command, action))


async def _resolved(
    session: Session, name: str, action: lsp.CodeAction, asked: Arguments, ask: Ask
) -> lsp.CodeAction:
    with shown(session, LABELS[name], None, partial(ask.end, Cancelled("cancelled"))) as progress:
        ask.watchers.append(progress.show)
        answer = await session.work.answered(ask)
    now = session.documents.find(asked.uri)
    if now is None or now.text != ask.snapshot.text:
        raise _changed_meanwhile()
    if not answer.fills:
        raise JsonRpcException(
            f"{name}: {nothing(ask.wanted, answer.left)}", code=lsp.LSPErrorCodes.RequestFailed
        )
    best = found(session, now, ask.wanted, answer)
    session.fills.expect(now.uri, best.after(session.fills.find(now) if ask.wanted.redrawn else None))
    action.edit = workspace_edit(session, now, best.offers[0].edits)
    return action


def _changed_meanwhile() -> JsonRpcException:
    return JsonRpcException(
        "the document was changed since the action was offered; ask for code actions again",
        code=lsp.LSPErrorCodes.ContentModified,
    )


async def _offered(session: Session, snapshot: Document, span: Gap) -> list[Offered]:
    if (looking := session.look(snapshot)) is not None:
        await asyncio.wait({looking})
    if session.refusal(snapshot) is not None:
        return []
    seen = await session.glances.of(snapshot)
    return [
        *_mending(session, snapshot, span, seen),
        *_filling(session, snapshot, span, seen),
        *_drawing_again(session, snapshot, span),
    ]


def _mending(session: Session, snapshot: Document, span: Gap, seen: "Glance") -> Iterator[Offered]:
    """A quick fix where a fault touches ``span``; the smallest says best what is wrong."""
    touching = [fault for fault in seen.troubles if _touch(Gap(fault.start, fault.end), span)]
    if touching:
        smallest = min(touching, key=lambda fault: fault.end - fault.start)
        where = _range(session, snapshot, span)
        yield Offered(
            f"Repair ({smallest.message})", lsp.CodeActionKind.QuickFix, REPAIR_COMMAND, {"range": where}
        )


def _filling(session: Session, snapshot: Document, span: Gap, seen: "Glance") -> Iterator[Offered]:
    """What may be done with a selection, or with the hole at the cursor."""
    where = _range(session, snapshot, span)
    if span.start < span.end:
        inside = sum(span.start <= hole.start and hole.end <= span.end for hole in seen.holes)
        if inside:
            title = f"Fill the {inside} holes selected" if inside > 1 else "Fill the hole selected"
            yield Offered(title, REWRITE_KIND, HOLES_COMMAND, {"range": where})
        yield Offered("Fill the selection", REWRITE_KIND, FILL_COMMAND, {"range": where})
        for title, strength in STRENGTHS.items():
            yield Offered(title, REWRITE_KIND, REWRITE_COMMAND, {"range": where, "strength": strength})
        return
    here = next((hole for hole in seen.holes if _touch(hole, span)), None)
    if here is not None:
        yield Offered(
            "Fill this hole", REWRITE_KIND, FILL_COMMAND, {"range": _range(session, snapshot, here)}
        )
        if len(seen.holes) > 1:
            title = f"Fill all {len(seen.holes)} holes of the file"
            yield Offered(title, REWRITE_KIND, HOLES_COMMAND, {})


def _drawing_again(session: Session, snapshot: Document, span: Gap) -> Iterator[Offered]:
    last = session.fills.find(snapshot)
    if last is not None and any(_touch(own, span) for own in last.spans):
        yield Offered("Draw the last fill again", REWRITE_KIND, REDENOISE_COMMAND, {})


def _range(session: Session, snapshot: Document, span: Gap) -> Any:
    return msgspec.to_builtins(session.range(snapshot, span))


def _touch(one: Gap, other: Gap) -> bool:
    return one.start <= other.end and other.start <= one.end


def _name(kind: Any) -> str:
    return kind.value if isinstance(kind, lsp.CodeActionKind) else str(kind)
