"""What a user asks for by hand: six jobs, one path. Arguments in, a job of the engine, one versioned edit out.

Each command differs only in what of the document it frees. It takes its snapshot at once, before any later change is
looked at, and returns the task that will reply.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from lsprotocol import types as lsp

from dgls.infill.request import FillError, Gap, in_order, unpinned
from dgls.server.asking import Ask, Wanted
from dgls.server.messages import (
    FILL_COMMAND,
    HOLES_COMMAND,
    REDENOISE_COMMAND,
    REPAIR_COMMAND,
    REWRITE_COMMAND,
    Arguments,
    FillArguments,
    HolesArguments,
    Range,
    RedenoiseArguments,
    Refused,
    RepairArguments,
    RewriteArguments,
    read_arguments,
)
from dgls.server.progress import Token
from dgls.server.replies import replied
from dgls.server.session import Session
from dgls.text import LINE_END, Document

Command = Callable[[Session, Sequence[Any], Token | None], "asyncio.Task[Any]"]


def fill(session: Session, document: Document, asked: FillArguments) -> Wanted:
    """Rewrite a span so that it fits both sides; what is pinned in it survives to the letter.

    Of several spans each gets a text of its own, jointly where one canvas holds them.
    """
    if (asked.range is None) == (not asked.ranges):
        raise FillError("say what to fill: a range, or several as ranges")
    if asked.range is None:
        if asked.pins:
            raise FillError("pins go with one range; of several ranges, leave out what is to survive")
        spans = _spans(session, document, asked.ranges)
        return Wanted(spans, all(_within_line(document, span) for span in spans), find="each")
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
    parts = _spans(session, document, asked.ranges)
    for number, part in enumerate(parts, 1):
        if not any(span.start <= part.start and part.end <= span.end for span in last.spans):
            raise FillError(
                f"range {number} is not inside the last fill, which is all that can be drawn again"
            )
    gaps = parts or last.spans
    within_line = all(_within_line(document, gap) for gap in gaps)
    return Wanted(gaps, within_line, find="each" if len(gaps) > 1 else None, redrawn=last.draws)


WANTS: dict[str, tuple[type[Any], Callable[[Session, Document, Any], Wanted]]] = {
    FILL_COMMAND: (FillArguments, fill),
    HOLES_COMMAND: (HolesArguments, fill_holes),
    REPAIR_COMMAND: (RepairArguments, repair),
    REDENOISE_COMMAND: (RedenoiseArguments, redenoise),
    REWRITE_COMMAND: (RewriteArguments, rewrite),
}
"""Per command what its arguments are read as, and what of a document they ask for."""


def begin(
    session: Session,
    name: str,
    arguments: Sequence[Any],
    answer: Callable[[Arguments, Ask], Coroutine[Any, Any, Any]],
) -> "asyncio.Task[Any]":
    """Have the engine begin with what the command ``name`` asks for; ``answer`` says what comes of it.

    Raises :class:`Refused` for wrong arguments, once the user was told.
    """
    kind, want = WANTS[name]
    try:
        asked: Arguments = read_arguments(name, arguments, kind)
        snapshot = session.documents.get(asked.uri)
        try:
            wanted = want(session, snapshot, asked)
        except FillError as error:
            raise Refused(f"{name}: {error}") from error
    except Refused as refused:
        session.show(refused.message, lsp.MessageType.Error)
        raise
    wanted = wanted._replace(candidates=asked.candidates)
    return session.work.ask(snapshot, wanted, "command", partial(answer, asked))


def _command(name: str) -> Command:
    """The command ``name``: its best fill is applied, unless the client wants to choose."""

    def command(session: Session, arguments: Sequence[Any], token: Token | None) -> "asyncio.Task[Any]":
        def answer(asked: Arguments, ask: Ask) -> Coroutine[Any, Any, Any]:
            return replied(session, name, asked.apply, token, ask)

        return begin(session, name, arguments, answer)

    return command


COMMANDS: dict[str, Command] = {name: _command(name) for name in WANTS}


def _spans(session: Session, document: Document, ranges: Sequence[Range]) -> tuple[Gap, ...]:
    """``ranges`` as spans, sorted: cursors come in any order."""
    spans = [_span(session, document, given, f"range {number}") for number, given in enumerate(ranges, 1)]
    return in_order(sorted(spans), "range")


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
