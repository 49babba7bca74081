"""When to say nothing, and how long to wait: told from what the user does, before anything is computed.

Who deletes or undoes is not asking for text. But who takes back a slip of the finger, and so is where something was
shown before, goes on reading that; unless what was deleted is what would be offered again. Who types fast is not asking
yet: a request waits until the user's own rhythm says that this is a pause. What is asked for by hand is always
answered, and at once.

Pure functions over changes, and the little that is remembered of them. Knows no protocol, and no model.
"""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from statistics import median
from typing import Literal, NamedTuple

from dgls.config import InlineSettings
from dgls.server.acceptance import Counts
from dgls.text import Document, Edit, Encoding, Position, split_lines

KEPT = 64
"""Texts that a document had before; a change that leads back to one of them undoes what came after it."""
MOST_EDITS = 16
"""Edits of one change; more are a tool's doing, and tell nothing of the user."""
LEAST_UNDONE = 2
"""Characters; one that is put back may as well have been typed again."""
BEATS = 16
"""Intervals between keystrokes that the rhythm is told from."""
LONGEST_BEAT = 1.0
"""Seconds; a longer interval is a pause, and no part of the rhythm."""
PAUSE = 1.5
"""After so many beats without a keystroke the user has paused."""
LEAST_PAUSE = 0.05
"""Seconds that are no pause yet, however fast keystrokes came."""

Motion = Literal["typed", "deleted", "undone"]


class Stroke(NamedTuple):
    """One edit of the user's: what was removed at ``start``, and what was put there."""

    start: Position
    removed: str
    inserted: str


def strokes_of(before: Document, edits: Sequence[Edit], encoding: Encoding) -> list[Stroke]:
    """What ``edits``, each of the result of the one before, did to ``before``."""
    if not edits or len(edits) > MOST_EDITS:
        return []
    strokes: list[Stroke] = []
    found = accumulate(
        edits[:-1], lambda document, edit: document.edited(0, [edit], encoding), initial=before
    )
    for document, edit in zip(found, edits, strict=True):
        if edit.start is None or edit.end is None:
            strokes.append(_difference(document.lines, split_lines(edit.text)))
        else:
            start, end = sorted((edit.start, edit.end))
            strokes.append(Stroke(start, document.between(start, end, encoding), edit.text))
    return strokes


def motion_of(strokes: Sequence[Stroke], *, leads_back: bool) -> Motion:
    """What ``strokes``, one change, are; ``leads_back`` says whether the document had the text before."""
    if strokes and all(_is_deletion(stroke) for stroke in strokes):
        return "deleted"
    if leads_back and any(len(stroke.inserted) >= LEAST_UNDONE for stroke in strokes):
        return "undone"
    return "typed"


def holds_back(settings: InlineSettings, motion: Motion, *, by_hand: bool) -> bool:
    """Whether nothing is said at all; ``motion`` is the last change of the document."""
    if settings.trigger == "off" or by_hand:
        return settings.trigger == "off"
    return settings.trigger == "manual" or motion != "typed"


def pause(beats: Sequence[float], counts: Counts, most: float) -> float:
    """Seconds without a keystroke after which a user with this rhythm (seconds between keystrokes) has paused.

    Longer where what is shown is dismissed, shorter where it is accepted, and never more than ``most``.
    """
    if not beats:
        return most / 2
    liking = (counts.rejected - counts.accepted / 2) / (counts.shown + 10)
    return min(most, max(LEAST_PAUSE, PAUSE * median(beats) * (1 + liking)))


class Typing:
    """What is remembered of one user's typing: the last texts of each document, and the rhythm of all strokes."""

    def __init__(self) -> None:
        self._past: dict[str, deque[int]] = {}
        """Fingerprints of the texts that documents had."""
        self._removed: dict[str, str] = {}
        self._motions: dict[str, Motion] = {}
        self._beats: deque[float] = deque(maxlen=BEATS)
        self._last = float("-inf")

    def note(self, before: Document, after: Document, strokes: Sequence[Stroke], now: float) -> None:
        """A document was changed by ``strokes`` at ``now`` seconds."""
        uri = after.uri
        past = self._past.setdefault(uri, deque(maxlen=KEPT))
        past.append(before.fingerprint)
        self._motions[uri] = motion_of(strokes, leads_back=after.fingerprint in past)
        self._removed[uri] = strokes[-1].removed if strokes else ""
        if strokes and self._motions[uri] == "typed" and now - self._last <= LONGEST_BEAT:
            self._beats.append(now - self._last)
        self._last = now

    def motion(self, uri: str) -> Motion:
        """What the last change of a document was."""
        return self._motions.get(uri, "typed")

    def removed(self, uri: str) -> str:
        """What the last change of a document took away, at the last of its places."""
        return self._removed.get(uri, "")

    def has_paused(self, now: float) -> bool:
        """Whether no document was changed lately."""
        return now - self._last > LONGEST_BEAT

    def wait(self, settings: InlineSettings, counts: Counts, now: float) -> float:
        """Seconds to wait from ``now`` on; none where the client has waited so long already."""
        return max(0.0, self._last + pause(self._beats, counts, settings.debounce_ms / 1000) - now)

    def forget(self, uri: str) -> None:
        """Drop what is remembered of a document that was closed."""
        self._past.pop(uri, None)
        self._removed.pop(uri, None)
        self._motions.pop(uri, None)


def _is_deletion(stroke: Stroke) -> bool:
    """Whether something was taken away and nothing said: blanks that get fewer are no text."""
    blank = not stroke.inserted.strip() and "\n" not in stroke.inserted and "\r" not in stroke.inserted
    return blank and len(stroke.inserted) < len(stroke.removed)


def _difference(before: Sequence[str], after: Sequence[str]) -> Stroke:
    """The one stretch in which two texts, in lines, differ."""
    most = min(len(before), len(after))
    head = next((line for line in range(most) if before[line] != after[line]), most)
    most -= head
    tail = next((line for line in range(most) if before[-1 - line] != after[-1 - line]), most)
    old = "".join(before[head : len(before) - tail])
    new = "".join(after[head : len(after) - tail])
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    most -= start
    end = next((index for index in range(most) if old[-1 - index] != new[-1 - index]), most)
    return Stroke(Position(head, start), old[start : len(old) - end], new[start : len(new) - end])
