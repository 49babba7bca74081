"""One denoised answer: its tokens per gap, the text they spell, and which tokens stand under which characters.

Repair works on tokens and verdicts speak of characters; this is where the two meet.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import log
from typing import NamedTuple

from dgls.infill.layout import Canvas
from dgls.model.tokenizer import CodeTokenizer
from dgls.syntax import Verdict

LENGTH_PENALTY = 0.7
"""Between 0, where the shortest fill wins, and 1, where the mean per token decides; measured on single lines."""
LEAST_PROBABILITY = 1e-9


class Spelled(NamedTuple):
    """The tokens of one gap and their text.

    Token i spells the characters of ``text`` from ``starts[i]`` to ``ends[i]``; one that begins or ends inside a
    character counts as spelling all of it. Bytes that are not UTF-8 stand in ``text`` as lone surrogates.
    """

    tokens: list[int]
    text: str
    starts: list[int]
    ends: list[int]
    certainty: tuple[float, ...] = ()
    """The probability of each token; empty where it does not matter."""

    def worded(self, text: str) -> "Spelled":
        """The same in other words: where its tokens stand in them is not known."""
        return Spelled(self.tokens, text, [], [])

    def under(self, start: int, end: int) -> range:
        """The tokens that spell the characters from ``start`` to ``end``; for an empty span those that touch it."""
        if start == end:
            return range(bisect_left(self.ends, start), bisect_right(self.starts, end))
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))


class Candidate(NamedTuple):
    """A denoised answer: per gap its tokens and text, the mean probability of its tokens, the canvas it was drawn in.

    ``likelihood`` is what candidates of several lengths compare by (see :func:`likelihood_of`). ``repaired`` says that
    it is not as first drawn, ``shortened`` that it is only the beginning of what was denoised.
    """

    gaps: tuple[Spelled, ...]
    confidence: float
    likelihood: float
    canvas: Canvas
    repaired: bool = False
    shortened: bool = False

    @property
    def drawn(self) -> tuple[str, ...]:
        """Per gap what was drawn of its text."""
        return tuple(gap.text for gap in self.gaps)

    @property
    def texts(self) -> tuple[str, ...]:
        """One text per gap."""
        *texts, last = self.drawn
        return (*texts, last + self.canvas.closed)

    def shortened_to(self, text: str) -> "Candidate":
        """A candidate for one gap, of which only ``text`` was drawn."""
        [gap] = self.gaps
        kept = [
            certainty
            for start, end, certainty in zip(gap.starts, gap.ends, gap.certainty, strict=False)
            if start < end <= len(text)
        ]
        confidence = sum(kept) / len(kept) if kept else self.confidence
        return self._replace(gaps=(gap._replace(text=text),), confidence=confidence, shortened=True)


def likelihood_of(probabilities: Sequence[float], spelling: int) -> float:
    """The log-likelihood of a gap's positions, made comparable between lengths (GNMT, arXiv 1609.08144).

    Deleted positions count too: where a text ends is a part of it. ``spelling`` is how many positions spell something.
    """
    nats = sum(log(max(probability, LEAST_PROBABILITY)) for probability in probabilities)
    penalty: float = max(1, spelling) ** LENGTH_PENALTY
    return nats / penalty


class Judged(NamedTuple):
    """A candidate, the verdict on it, and in which gaps, by number, it says nothing though it should."""

    candidate: Candidate
    ruling: Verdict
    silent: frozenset[int] = frozenset()

    @property
    def is_good(self) -> bool:
        """Whether it may be offered: it says something, and nothing is wrong that it answers for."""
        return self.ruling.ok and not self.silent

    @property
    def is_clean(self) -> bool:
        """Whether it is good, and nothing at all is wrong at the fills, not even what was so before."""
        return self.is_good and not self.ruling.excused


def spell(tokenizer: CodeTokenizer, tokens: Sequence[int], strip: bytes = b"") -> Spelled:
    """What ``tokens`` spell, without the healed bytes ``strip`` at their beginning."""
    spelled = tokenizer.decode(tokens)
    skipped = len(strip) if spelled.startswith(strip) else 0
    text = spelled[skipped:].decode("utf-8", errors="surrogateescape")
    byte_ends = [0, *accumulate(len(tokenizer.token_bytes[token]) for token in tokens)]
    sizes = accumulate(len(character.encode("utf-8", errors="surrogateescape")) for character in text)
    boundaries = [0, *sizes]
    offsets = [max(0, end - skipped) for end in byte_ends]
    starts = [bisect_right(boundaries, offset) - 1 for offset in offsets[:-1]]
    ends = [bisect_left(boundaries, offset) for offset in offsets[1:]]
    return Spelled(list(tokens), text, starts, ends)
