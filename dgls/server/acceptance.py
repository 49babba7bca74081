"""What became of what was shown: accepted, partly accepted or rejected, counted per session.

Each item has an id, which an editor sends back: by the command ``dgls.accepted``, which every editor runs after it has
put an item in, or by the notifications of editors that know dgls. No text is kept, and nothing leaves the process.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from dgls.server.messages import Refused

KEPT = 1_000
"""Ids whose fate is known, at most; the oldest are forgotten."""

Fate = Literal["made", "shown", "partly", "accepted", "rejected"]


class Counts(msgspec.Struct):
    """How often something was shown in a session, and what came of it."""

    shown: int = 0
    """Answers that an editor got: however many items one had, a user sees one at a time."""
    accepted: int = 0
    partly: int = 0
    rejected: int = 0


class Offers:
    """The ids of one session's items, and what became of them."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._fates: OrderedDict[int, Fate] = OrderedDict()
        self._next = 1

    def number(self, count: int) -> int:
        """Make ``count`` ids, one after the other; returns the first."""
        first = self._next
        self._next += count
        for new in range(first, self._next):
            self._fates[new] = "made"
        while len(self._fates) > KEPT:
            self._fates.popitem(last=False)
        return first

    def show(self, ids: Sequence[int]) -> None:
        """The items ``ids`` go to the editor, as one answer; what is shown again as it is typed counts once."""
        if ids and not any(self._fates.get(known, "made") != "made" for known in ids):
            self.counts.shown += 1
        for known in ids:
            if self._fates.get(known) == "made":
                self._fates[known] = "shown"

    def accept(self, known: int) -> None:
        """The whole item, or all that was left of it, is in the document. Raises :class:`Refused` for no such id."""
        if self._fate(known) != "accepted":
            self.counts.accepted += 1
        self._fates[known] = "accepted"

    def accept_part(self, known: int) -> None:
        """A beginning of the item is in the document. Raises :class:`Refused` for no such id."""
        fate = self._fate(known)
        if fate in ("made", "shown", "rejected"):
            self.counts.partly += 1
            self._fates[known] = "partly"

    def reject(self, ids: Iterable[int]) -> None:
        """The user did not want the items. Raises :class:`Refused` for no such id, and then counts none."""
        fates = {known: self._fate(known) for known in ids}
        self.counts.rejected += any(fate in ("made", "shown") for fate in fates.values())
        self._fates.update((known, "rejected") for known, fate in fates.items() if fate in ("made", "shown"))

    def _fate(self, known: int) -> Fate:
        fate = self._fates.get(known)
        if fate is None:
            raise Refused(f"{known} is the id of no item, or of one of long ago")
        return fate
