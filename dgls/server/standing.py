"""What stands in the gaps of a document while a fill is streamed into it, and where, as others change the document.

Pure values: texts and spans. What may be written of a draft is decided here too: what two frames in a row agree on.
"""

import re
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from dgls.infill.request import Gap, Run, filled
from dgls.server.last_fill import LastFill, common_prefix, filled_once
from dgls.text import split_lines

PIECE = re.compile(r"\w+|\s|[^\w\s]")


class Standing(NamedTuple):
    """A text with spans in it whose contents are dgls's own."""

    text: str
    spans: tuple[Gap, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """What stands in the spans."""
        return tuple(self.text[span.start : span.end] for span in self.spans)

    def holding(self, texts: Sequence[str]) -> "Standing":
        """The same with ``texts`` in the spans."""
        after = filled_once(self.text, self.spans, texts)
        return Standing(after.text, after.spans)

    def halfway(self, texts: Sequence[str], now: str) -> bool:
        """Whether ``now`` is what an editor may tell of that puts ``texts`` in one after the other, from either end."""
        return any(
            filled(self.text, self.spans, mixed) == now
            for count in range(1, len(texts))
            for mixed in (
                [*texts[:count], *self.own[count:]],
                [*self.own[:count], *texts[count:]],
            )
        )

    def moved(self, now: str) -> "Standing | None":
        """Where the spans are in ``now``, which somebody else has changed; None where their contents were touched."""
        spans = self._around_one_change(now) or self._between_same_lines(now)
        return Standing(now, spans) if spans is not None else None

    def far_from(self, now: str) -> int:
        """How many characters the one stretch takes in which ``now`` is another text, in both together."""
        before = common_prefix(self.text, now)
        behind = common_prefix(self.text[before:][::-1], now[before:][::-1])
        return len(self.text) + len(now) - 2 * (before + behind)

    def _around_one_change(self, now: str) -> tuple[Gap, ...] | None:
        """The spans, if one stretch was changed and that stands outside of them, or at an edge."""
        after = LastFill(self.text, self.spans).moved(now)
        if after is None:
            return None
        spans: list[Gap] = []
        for span, own in zip(after.spans, self.own, strict=True):
            if now.startswith(own, span.start):
                spans.append(Gap(span.start, span.start + len(own)))
            elif now.endswith(own, span.start, span.end):
                spans.append(Gap(span.end - len(own), span.end))
            else:
                return None
        return tuple(spans)

    def _between_same_lines(self, now: str) -> tuple[Gap, ...] | None:
        """The spans, if the lines that they stand on were left alone: a formatter may have changed any other."""
        before, after = split_lines(self.text), split_lines(now)
        same = [block for block in LCSseq.opcodes(before, after) if block.tag == "equal"]
        spans: list[Gap] = []
        for span in self.spans:
            first, last = (len(split_lines(self.text[:place])) - 1 for place in span)
            block = next((own for own in same if own.src_start <= first and last < own.src_end), None)
            if block is None:
                return None
            line = block.dest_start + first - block.src_start
            grown = sum(map(len, after[:line])) - sum(map(len, before[:first]))
            spans.append(Gap(span.start + grown, span.end + grown))
        return tuple(spans)


def agreed(before: Sequence[Run], after: Sequence[Run]) -> str:
    """What of the draft ``after`` stood unchanged in the frame before; noise agrees with nothing."""
    old, new = _pieces(before, "before"), _pieces(after, "after")
    same = (block for block in LCSseq.opcodes(old, new) if block.tag == "equal")
    return "".join(str(piece) for block in same for piece in new[block.dest_start : block.dest_end])


def _pieces(draft: Sequence[Run], frame: str) -> list[Hashable]:
    """The words, spaces and signs of what has settled in a draft; each stretch of noise is a piece like no other."""
    pieces: list[Hashable] = []
    settled = ""
    for number, run in enumerate([*draft, Run("", None)]):
        if run.confidence is not None:
            settled += run.text
            continue
        pieces += PIECE.findall(settled)
        pieces.append((frame, number))
        settled = ""
    return pieces[:-1]
