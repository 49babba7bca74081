"""Type-along: what has been answered before, and what of it still holds for the document as it stands now.

An answer says which texts may stand between what is before and what is behind its gap. As long as both are the same to
the letter, whatever stands between them decides: the fills that begin with what is before the cursor are still right,
and what is left of them is shown without any work of the model. So it is when the user types along, deletes back to
what was shown, moves within what was typed, has a bracket closed by the editor, or comes back to the place.

Pure functions over snapshots and answers. Knows nothing of the protocol, and no model.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from dgls.infill.request import Fill, Gap
from dgls.text import LINE_END, Document, Position

KEPT = 16
"""Answers that are looked back at, per document."""


class Shown(NamedTuple):
    """The ``fills`` of the gap from ``start`` to ``end``, which count lines and characters, in a document's ``lines``.

    Fills have the line ends of the document.
    """

    lines: list[str]
    start: Position
    end: Position
    fills: tuple[Fill, ...]
    first_id: int = 0
    """The id of the first fill's item; those of the others follow it."""


class Rest(NamedTuple):
    """What is left of ``fill``: ``text`` in place of ``span``, which begins at the cursor and stays on its line."""

    text: str
    span: Gap
    fill: Fill
    id: int


def shown(snapshot: Document, gap: Gap, fills: Sequence[Fill], first_id: int = 0) -> Shown:
    """The answer for the one ``gap`` of ``snapshot``."""
    start, end = snapshot.position(gap.start, "utf-32"), snapshot.position(gap.end, "utf-32")
    return Shown(snapshot.lines, start, end, tuple(fills), first_id)


def rests_of(answer: Shown, now: Document, cursor: int) -> list[Rest]:
    """What is left of the fills of ``answer`` at ``cursor``, in order; nothing where ``now`` says something else.

    Whichever is accepted, the text will be what the fill was judged in.
    """
    parts = _at(answer, now.lines, now.position(cursor, "utf-32"))
    if parts is None:
        return []
    typed, behind = parts
    rests: dict[str, Rest] = {}
    for number, fill in enumerate(answer.fills, answer.first_id):
        [text] = fill.texts
        rest = text[len(typed) :]
        if text.startswith(typed) and rest not in ("", behind) and _is_scattered_in(behind, rest):
            # What stands behind the cursor anyway is left where it is.
            kept = len(behind) if rest.endswith(behind) else 0
            span = Gap(cursor, cursor + len(behind) - kept)
            rests.setdefault(rest, Rest(rest[: len(rest) - kept], span, fill, number))
    return list(rests.values())


class Answers:
    """The last answers per document, newest first."""

    def __init__(self) -> None:
        self._answers: dict[str, deque[Shown]] = {}

    def remember(self, uri: str, answer: Shown) -> None:
        """Keep an answer that has fills; the oldest gives way."""
        if answer.fills:
            self._answers.setdefault(uri, deque(maxlen=KEPT)).appendleft(answer)

    def find(self, now: Document, cursor: int) -> list[Rest]:
        """What the newest answer that still holds says at ``cursor``; nothing where none does."""
        for answer in self._answers.get(now.uri, ()):
            rests = rests_of(answer, now, cursor)
            if rests:
                return rests
        return []

    def forget(self, uri: str) -> None:
        """Drop the answers of a document that was closed."""
        self._answers.pop(uri, None)


def _at(answer: Shown, lines: list[str], cursor: Position) -> tuple[str, str] | None:
    """What stands in ``lines`` before and behind the cursor, between the text before the gap and the text behind it.

    None unless both are there, and the cursor in the last line between them. That shows in two lines, and most answers
    are for other places: no other line is looked at for those. Lines that no edit has touched are the same objects, so
    that comparing them takes little.
    """
    (first, column), (last, end_column) = answer.start, answer.end
    head, tail = answer.lines[first][:column], answer.lines[last][end_column:]
    following = len(answer.lines) - last - 1
    final = len(lines) - following - 1
    if not first <= final == cursor.line or not lines[first].startswith(head):
        return None
    end = len(lines[final]) - len(tail)
    start = column if first == final else 0
    if (
        not start <= cursor.character <= end
        or not lines[final].endswith(tail)
        or lines[:first] != answer.lines[:first]
        or lines[final + 1 :] != answer.lines[last + 1 :]
    ):
        return None
    typed = "".join([*lines[first:final], lines[final][: cursor.character]])[len(head) :]
    behind = lines[final][cursor.character : end]
    return None if LINE_END.search(behind) else (typed, behind)


def _is_scattered_in(part: str, text: str) -> bool:
    """Whether ``text`` has the characters of ``part`` in this order: editors show nothing else in its place."""
    characters = iter(text)
    return all(character in characters for character in part)
