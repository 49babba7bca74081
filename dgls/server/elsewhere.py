"""What the model may read beside the place at hand: other open documents, and what was edited lately.

Nothing is read from the disk. What is related to a place is chosen for that place alone (:mod:`dgls.infill.related`):
while the user types there, the place stays as it was, so that the choice does too, and the prefix cache lives.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dgls.infill.request import Elsewhere, Gap, Source
from dgls.server.recent import AROUND, RecentEdits, around
from dgls.text import Document

NEARBY = 24
"""A place is the same while the gap is at most so many lines away from where it was."""


class _Stay(NamedTuple):
    uri: str
    line: int
    elsewhere: Elsewhere


class OtherTexts:
    """What one client's model may read beside the place at hand, and the place where its user stays."""

    def __init__(self) -> None:
        self._recent = RecentEdits()
        self._stay: _Stay | None = None

    def follow(self, uri: str, now: Document | None, *, noted: bool) -> None:
        """Take the new text of a document, and note what was edited; ``now`` is None where it is closed."""
        self._recent.follow(uri, now, noted=noted)

    def at(
        self,
        document: Document,
        text: str,
        gap: Gap,
        readable: Sequence[tuple[str, Document]],
        tokens: int,
    ) -> Elsewhere | None:
        """Where to choose from for ``gap`` in ``text``, which ``document`` is a part of; None where that is nothing.

        ``readable`` are the open documents that may be read, each behind what the model is told of where it stands.
        """
        line = text.count("\n", 0, gap.start)
        sources = _sources(document, line, readable, self._recent)
        if not sources or not tokens:
            return None
        stay = self._stay
        if (
            stay is None
            or stay.uri != document.uri
            or abs(stay.line - line) > NEARBY
            or (stay.elsewhere.sources, stay.elsewhere.tokens) != (sources, tokens)
        ):
            stay = self._stay = _Stay(document.uri, line, Elsewhere(sources, text, gap, tokens))
        return stay.elsewhere


def _sources(
    document: Document, line: int, readable: Sequence[tuple[str, Document]], recent: RecentEdits
) -> tuple[Source, ...]:
    sources: list[Source] = []
    for path, other in readable:
        edited = recent.lines(other.uri)
        if other.uri != document.uri:
            sources.append(Source(path, other.text, other.language_id, edited))
            continue
        for place in edited:
            if abs(place - line) > 2 * (
                AROUND + NEARBY
            ):  # nearer ones are shown anyway, and change with typing
                sources.append(Source(path, around(other, place), other.language_id, (min(place, AROUND),)))
    return tuple(sorted(sources))
