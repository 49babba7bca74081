"""Steering: the parser's valid next symbols as a leaning on the logits of the first token that a repair draws.

Tokens that cannot begin any symbol that is valid there are pushed down, and so is the token that was at fault. Nothing
is barred outright: the parser's state stems from code that was broken.
"""

from bisect import bisect_left
from functools import lru_cache

import torch
from torch import Tensor

from dgls.model.tokenizer import CodeTokenizer
from dgls.syntax import Expected

UNEXPECTED = -6.0
"""Nats for a token that begins no valid symbol."""
AT_FAULT = -3.0
"""Nats for the token that was at fault."""


@lru_cache(maxsize=64)
def leaning_towards(tokenizer: CodeTokenizer, device: torch.device, expected: Expected) -> Tensor:
    """What is added to logits so that ``expected`` is drawn rather than what is not, [vocabulary]."""
    spellings = _spellings(tokenizer)
    leaning = torch.full((len(tokenizer),), UNEXPECTED)
    leaning[spellings.blank] = 0.0
    admitted: set[int] = set()
    for byte in expected.first:
        low, high = spellings.first[byte], spellings.first[byte + 1]
        admitted.update(range(low, high))
    for word in expected.words:
        low = bisect_left(spellings.ordered, word)
        high = bisect_left(spellings.ordered, word + b"\xff" * 8)
        admitted.update(range(low, high))
        for end in range(1, len(word)):
            place = bisect_left(spellings.ordered, word[:end])
            while place < len(spellings.ordered) and spellings.ordered[place] == word[:end]:
                admitted.add(place)
                place += 1
    leaning[spellings.ids[sorted(admitted)]] = 0.0
    return leaning.to(device)


class _Spellings:
    """A vocabulary by what its tokens spell behind spaces and tabs: ``ordered``, and the ``ids`` in that order.

    ``first[byte]`` is where those that begin with ``byte`` start. ``blank`` are ids of white space, of tokens that
    break the line before anything else, and of those that spell nothing.
    """

    def __init__(self, tokenizer: CodeTokenizer) -> None:
        stripped = [token.lstrip(b" \t") for token in tokenizer.token_bytes]
        blank = [index for index, token in enumerate(stripped) if not token or token[0] in b"\r\n"]
        shown = sorted(set(range(len(stripped))).difference(blank), key=lambda index: stripped[index])
        self.blank = torch.tensor(blank, dtype=torch.long)
        self.ids = torch.tensor(shown, dtype=torch.long)
        self.ordered = [stripped[index] for index in shown]
        self.first = [bisect_left(self.ordered, bytes([byte])) for byte in range(256)] + [len(shown)]


@lru_cache(maxsize=4)
def _spellings(tokenizer: CodeTokenizer) -> _Spellings:
    return _Spellings(tokenizer)
