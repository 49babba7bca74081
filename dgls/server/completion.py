"""Fills as items of an editor's list: ``textDocument/completion``, for clients that have no ghost text.

The protocol does not tell whether such a request was made by hand. One that comes while the user types was not.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp

from dgls.server.inline import offer
from dgls.server.messages import ACCEPTED_COMMAND
from dgls.server.session import Session
from dgls.server.shown import Rest
from dgls.text import Document

OPTIONS = lsp.CompletionOptions(trigger_characters=[".", "(", "=", ":", "{", ","])
LONGEST_LABEL = 60
WORD_BEFORE = re.compile(r"\w*\Z")
FENCES = re.compile("`{3,}")
LAST = "~"
"""Sorts behind letters: what a language server knows comes first."""


def completion(session: Session, params: lsp.CompletionParams) -> "asyncio.Task[Any] | Any":
    """What dgls would write at the cursor, as items of the editor's list."""
    invoked = params.context is None or params.context.trigger_kind == lsp.CompletionTriggerKind.Invoked
    by_hand = invoked and session.documents.typing.has_paused(time.monotonic())
    return offer(session, params.text_document.uri, params.position, by_hand, None, _list)


def _list(session: Session, now: Document, rests: Sequence[Rest]) -> lsp.CompletionList:
    """Incomplete, since what is typed next may change every item, or bring the first one."""
    session.offers.show([rest.id for rest in rests])
    items = [_item(session, now, rest, number) for number, rest in enumerate(rests)]
    return lsp.CompletionList(is_incomplete=True, items=items)


def _item(session: Session, now: Document, rest: Rest, number: int) -> lsp.CompletionItem:
    """An item that replaces the word before the cursor by itself and the rest: clients filter by that word."""
    line, column = now.position(rest.span.start, "utf-32")
    word = WORD_BEFORE.search(now.lines[line][:column])
    start = rest.span.start - (len(word[0]) if word else 0)
    text = now.text[start : rest.span.start] + rest.text
    first, *more = text.strip().splitlines() or [""]
    label = first if len(first) <= LONGEST_LABEL and not more else first[: LONGEST_LABEL - 1] + "…"
    span = session.range(now, rest.span._replace(start=start))
    places = (lsp.Position(place.line, place.character) for place in (span.start, span.end))
    item = lsp.CompletionItem(
        label,
        kind=lsp.CompletionItemKind.Text,
        detail=f"dgls, {rest.fill.confidence:.0%} sure" + (f", {len(more) + 1} lines" if more else ""),
        documentation=_preview(session, now.language_id, text),
        sort_text=f"{LAST}{number:02}",
        filter_text=text.partition("\n")[0],
        text_edit=lsp.TextEdit(lsp.Range(*places), text),
        command=lsp.Command("dgls: accepted", ACCEPTED_COMMAND, arguments=[{"id": rest.id}]),
        data={"validated": rest.fill.validated, "id": rest.id},
    )
    known = _known(session)
    if known and known.insert_text_mode_support:
        item.insert_text_mode = lsp.InsertTextMode.AsIs  # it is indented as it is meant to be
    return item


def _preview(session: Session, language: str, text: str) -> lsp.MarkupContent | str:
    known = _known(session)
    if known is None or lsp.MarkupKind.Markdown not in (known.documentation_format or ()):
        return text
    fence = "`" * max([3, *(len(run) + 1 for run in FENCES.findall(text))])
    return lsp.MarkupContent(lsp.MarkupKind.Markdown, f"{fence}{language}\n{text}\n{fence}")


def _known(session: Session) -> lsp.ClientCompletionItemOptions | None:
    """What the client says it knows of items."""
    capabilities = session.client_capabilities.text_document
    known = capabilities.completion if capabilities else None
    return known.completion_item if known else None
