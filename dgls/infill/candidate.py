"""One denoised answer: its tokens per gap, the text they spell, and which tokens stand under which characters.

Repair works on tokens and verdicts speak of characters; this is where the two meet.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from dgls.model.tokenizer import CodeTokenizer


class Spelled(NamedTuple):
    """The tokens of one gap and their text.

    Token i spells the characters of ``text`` from ``starts[i]`` to ``ends[i]``; one that begins or ends inside a
    character counts as spelling all of it. Bytes that are not UTF-8 stand in ``text`` as lone surrogates.
    """

    tokens: list[int]
    text: str
    starts: list[int]
    ends: list[int]

    def under(self, start: int, end: int) -> range:
        """The tokens that spell the characters from ``start`` to ``end``; for an empty span those that touch it."""
        if start == end:
            return range(bisect_left(self.ends, start), bisect_right(self.starts, end))
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))


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
