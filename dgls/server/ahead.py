"""What is worked on while nobody waits: a better answer than there was time for, then the answer that comes next.

*Better*: where the time was up before an answer was done, it is looked for once more with the time that a command has,
for a client that can show what comes later. *Next*: when a fill is shown, the request that would follow if it was
accepted is filled, and kept among the answers: who accepts it has the next one at once.

One thing at a time, as an idle job of the engine: any change and any request ends it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from dgls.infill.request import Answer, Gap
from dgls.server.messages import IMPROVED_METHOD, Improved
from dgls.server.shown import Rest
from dgls.text import Document, Edit

if TYPE_CHECKING:
    from dgls.server.asking import Ask, Wanted
    from dgls.server.session import Session


def fill_next(session: "Session", now: Document, shown: Rest, wanted: "Wanted") -> None:
    """Fill what would be asked, as ``wanted`` was, if what is ``shown`` in ``now`` was accepted."""
    settings = session.settings_for(now)
    if session.paused or not settings.inline.speculate:
        return
    start, end = (now.position(edge, "utf-32") for edge in shown.span)
    accepted = now.edited(now.version, [Edit(shown.text, start, end)], "utf-32")
    cursor = shown.span.start + len(shown.text)
    if session.answers.find(accepted, cursor):
        return
    next_one = wanted._replace(gaps=(Gap(cursor, cursor),), begins="")

    def done(answer: Answer) -> None:
        session.protocol.tracing.tell(f"filled ahead: {len(answer.fills)} fills, {answer.nfe} decoder passes")
        session.answers.remember(accepted.uri, session.work.answer_in(accepted, next_one, answer))

    session.work.fill_idle(accepted, next_one, settings.infill, done)


def improve(
    session: "Session",
    ask: "Ask",
    offered: Sequence[Rest],
    look: Callable[[Answer], Sequence[Rest]],
    items: Callable[[Sequence[Rest]], list[Any]],
) -> None:
    """Look for more than what was ``offered`` when the time was up, and tell the client if there is.

    ``look`` says what of an answer is offered, ``items`` as what.
    """

    def done(answer: Answer) -> None:
        better = look(answer)
        session.protocol.tracing.tell(f"looked again: {len(answer.fills)} fills, {answer.nfe} decoder passes")
        if better and [rest.text for rest in better] != [rest.text for rest in offered]:
            improved = Improved(ask.snapshot.uri, ask.snapshot.version, ask.id, tuple(items(better)))
            session.protocol.notify(IMPROVED_METHOD, msgspec.to_builtins(improved))
        for best in (better or offered)[:1]:
            fill_next(session, ask.snapshot, best, ask.wanted)

    settings = session.settings_for(ask.snapshot).infill
    patient = replace(settings, deadline_ms=settings.command_deadline_ms)
    session.work.fill_idle(ask.snapshot, ask.wanted, patient, done)
