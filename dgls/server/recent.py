"""Where the user has edited lately: a ring of places in open documents, up to 64 lines around an edit each.

A place moves along with what is edited above it, and goes with its document. Knows documents, and no protocol.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from dgls.text import Document

AROUND = 32
"""Lines before and behind an edit that belong to its place; edits that are closer to one another are one place."""


MOST = 16
"""Places."""


class Place(NamedTuple):
    """An edited line (from 0) of an open document."""

    uri: str
    line: int


class RecentEdits:
    """The last places that were edited in any open document."""

    def __init__(self) -> None:
        self._places: deque[Place] = deque(maxlen=MOST)
        self._documents: dict[str, Document] = {}

    def follow(self, uri: str, now: Document | None, *, noted: bool) -> None:
        """Note what was edited since the document was last seen; ``now`` is None where it is closed.

        What nobody will ask for is not ``noted``: it takes time in a long document.
        """
        before = self._documents.pop(uri, None)
        if now is None:
            self._places = deque((place for place in self._places if place.uri != uri), MOST)
            return
        self._documents[uri] = now
        if noted and before is not None and now is not before:
            self._note(uri, difference(before.lines, now.lines))

    def lines(self, uri: str) -> tuple[int, ...]:
        """The lines of a document that were edited lately, ascending."""
        return tuple(sorted(place.line for place in self._places if place.uri == uri))

    def _note(self, uri: str, edited: "Difference") -> None:
        """Move the places of a document along with an edit, and put its own behind all."""
        moved = [
            Place(uri, edited.moved(place.line)) if place.uri == uri else place for place in self._places
        ]
        apart = (place for place in moved if place.uri != uri or abs(place.line - edited.first) > AROUND)
        self._places = deque([*apart, Place(uri, edited.first)], MOST)


class Difference(NamedTuple):
    """What an edit did to lines: those from ``first`` to ``last`` (excluded) are others now, ``grown`` more of them."""

    first: int
    last: int
    grown: int

    def moved(self, line: int) -> int:
        """Where ``line`` is now."""
        return line + self.grown if line >= self.last else min(line, self.first)


def difference(before: Sequence[str], now: Sequence[str]) -> Difference:
    """The lines that differ, as one stretch."""
    first, shorter = 0, min(len(before), len(now))
    while first < shorter and before[first] == now[first]:
        first += 1
    same = 0
    while same < shorter - first and before[-1 - same] == now[-1 - same]:
        same += 1
    return Difference(first, len(before) - same, len(now) - len(before))


def around(document: Document, line: int) -> str:
    """The lines of the place at ``line`` of ``document``."""
    return "".join(document.lines[max(0, line - AROUND) : line + AROUND])
