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

    ``ends[i]`` is the character offset in ``text`` at which token i ends; a token that ends inside a character ends
    with it. Bytes that are not UTF-8 stand in ``text`` as lone surrogates.
    """

    tokens: list[int]
    text: str
    ends: list[int]

    def under(self, start: int, end: int) -> range:
        """The tokens that spell the characters from ``start`` to ``end``; for an empty span those that touch it."""
        first = bisect_right(self.ends, start)
        if start == end:
            first = bisect_left(self.ends, start)
            end += 1
        last = bisect_left(self.ends, end)
        return range(min(first, len(self.tokens)), min(last + 1, len(self.tokens)))


def spell(tokenizer: CodeTokenizer, tokens: Sequence[int], strip: bytes = b"") -> Spelled:
    """What ``tokens`` spell, without the healed bytes ``strip`` at their beginning."""
    spelled = tokenizer.decode(tokens)
    skipped = len(strip) if spelled.startswith(strip) else 0
    text = spelled[skipped:].decode("utf-8", errors="surrogateescape")
    byte_ends = accumulate(len(tokenizer.token_bytes[token]) for token in tokens)
    sizes = accumulate(len(character.encode("utf-8", errors="surrogateescape")) for character in text)
    character_ends = [0, *sizes]
    ends = [bisect_left(character_ends, max(0, end - skipped)) for end in byte_ends]
    return Spelled(list(tokens), text, ends)
