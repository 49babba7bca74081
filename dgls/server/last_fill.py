"""The last fill of each open document, and where it stands now: it moves with every change.

A change is seen as the one stretch in which two versions of a text differ. Text before a fill moves it, text in it
becomes part of it, and a change across one of its edges is the end of it: nobody could say what of it is left.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from dgls.infill.request import Gap, filled
from dgls.text import Document

BLOCK = 4096


class LastFill(NamedTuple):
    """Where a fill stands in ``text``: one span per gap that it filled; ``draws`` counts how often it was drawn."""

    text: str
    spans: tuple[Gap, ...]
    draws: int = 1

    def redrawn(self, gaps: Sequence[Gap], texts: Sequence[str]) -> "LastFill":
        """The fill with ``texts`` in ``gaps``, each of which is a part of one of its spans."""
        return LastFill(
            filled(self.text, gaps, texts),
            tuple(_span_after(span, gaps, texts) for span in self.spans),
            self.draws + 1,
        )

    def moved(self, text: str) -> "LastFill | None":
        """The fill as it stands in ``text``, the next version; None where nothing can be said to be left of it."""
        if text == self.text:
            return self
        before = common_prefix(self.text, text)
        behind = common_prefix(self.text[before:][::-1], text[before:][::-1])
        start, end = before, len(self.text) - behind
        grown = len(text) - len(self.text)
        spans: list[Gap] = []
        taken = False
        for span in self.spans:
            if span.start <= start and end <= span.end and not taken:
                spans.append(Gap(span.start, span.end + grown))
                taken = True
            elif end <= span.start:
                spans.append(Gap(span.start + grown, span.end + grown))
            elif span.end <= start:
                spans.append(span)
            else:
                return None
        return LastFill(text, tuple(spans), self.draws)


class LastFills:
    """The last fill per document."""

    def __init__(self) -> None:
        self._fills: dict[str, LastFill] = {}
        self._expected: dict[str, LastFill] = {}

    def remember(self, uri: str, fill: LastFill) -> None:
        """Keep ``fill``; its text is that of the document, or will be when the client tells of its edit."""
        self._fills[uri] = fill

    def expect(self, uri: str, fill: LastFill) -> None:
        """Keep ``fill`` if the next change to the document is the client's applying it."""
        self._expected[uri] = fill

    def find(self, document: Document) -> LastFill | None:
        """The last fill of ``document`` as it stands now."""
        fill = self._fills.get(document.uri)
        return fill if fill is not None and fill.text == document.text else None

    def follow(self, uri: str, now: Document | None) -> None:
        """Move the fill of a document that was changed, or forget it with one that was closed."""
        expected = self._expected.pop(uri, None)
        if expected is not None and now is not None and now.text == expected.text:
            self._fills[uri] = expected
            return
        fill = self._fills.pop(uri, None)
        moved = fill.moved(now.text) if fill is not None and now is not None else None
        if moved is not None:
            self._fills[uri] = moved


def filled_once(text: str, gaps: Sequence[Gap], texts: Sequence[str]) -> LastFill:
    """The fill that puts ``texts`` into the ``gaps`` of ``text``."""
    spans: list[Gap] = []
    grown = 0
    for gap, new in zip(gaps, texts, strict=True):
        spans.append(Gap(gap.start + grown, gap.start + grown + len(new)))
        grown += len(new) - (gap.end - gap.start)
    return LastFill(filled(text, gaps, texts), tuple(spans))


def _span_after(span: Gap, gaps: Sequence[Gap], texts: Sequence[str]) -> Gap:
    """Where ``span`` stands when ``texts`` are in ``gaps``, each of which is inside or outside of it."""
    start, end = span
    for gap, new in zip(gaps, texts, strict=True):
        grown = len(new) - (gap.end - gap.start)
        inside = span.start <= gap.start and gap.end <= span.end
        if inside or gap.end <= span.start:
            end += grown
            start += 0 if inside else grown
    return Gap(start, end)


def common_prefix(one: str, other: str) -> int:
    """How many characters both begin with; slices are compared, since comparing characters one by one is slow."""
    start, end = 0, min(len(one), len(other))
    while start < end and one[start : start + BLOCK] == other[start : start + BLOCK]:
        start += BLOCK
    lengths = range(min(start, end) + 1, min(start + BLOCK, end) + 1)
    return min(start, end) + bisect_left(
        lengths, True, key=lambda length: one[start:length] != other[start:length]
    )
