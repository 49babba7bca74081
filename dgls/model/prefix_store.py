"""The prefix store: the encoder's keys and values for one token sequence, kept in whole chunks of 64 tokens.

Prefill runs in fixed chunks at fixed boundaries, so that what is kept for a token never depends on the edits
that led there: reuse is equal to a fresh prefill to the bit. The tail that fills no chunk is one call of its
own, kept only for as long as the tokens stay exactly the same. Every layer keeps its full history, sliding
layers too; a view cuts them to their window.

Knows nothing of models beyond the shapes of their caches, and nothing of text.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

CHUNK = 64
"""Tokens of one prefill call."""


class LayerShape(NamedTuple):
    """What one layer keeps per token: ``heads`` x ``width`` features, twice; ``window`` None attends to
    everything."""

    heads: int
    width: int
    window: int | None


def token_bytes(shapes: Sequence[LayerShape], dtype: torch.dtype) -> int:
    """Bytes that a store takes per token."""
    return dtype.itemsize * sum(2 * shape.heads * shape.width for shape in shapes)


class KeysValues(NamedTuple):
    """Keys and values of one layer, [batch, heads, tokens, width] each."""

    keys: Tensor
    values: Tensor


class StoreTooSmall(ValueError):
    """The memory that a store may take holds no chunk; the message says what would."""


class StaleView(RuntimeError):
    """A view was used after the store dropped tokens that it shows; take a new view."""


class View:
    """What the decoder may read of a store: the first ``tokens`` tokens, for a batch of canvases.

    It stands in for the library's cache, whose decoder reads ``layers`` and ``is_compileable`` and never
    writes. It copies nothing, so it lasts only until the store drops a token that it shows.
    """

    is_compileable = False

    def __init__(self, store: "PrefixStore", tokens: int, layers: list[KeysValues]) -> None:
        self.tokens = tokens
        self._layers = layers
        self._store = store
        self._drops = store.drops

    @property
    def layers(self) -> list[KeysValues]:
        """Keys and values per layer, those of sliding layers cut to the last ``window - 1`` tokens."""
        if self._store.drops != self._drops:
            raise StaleView("the prefix store has dropped tokens since this view was taken; take a new one")
        return self._layers

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Tokens before the canvas, as the library asks for it."""
        return self.tokens


class ChunkWriter:
    """Writes one prefill call's keys and values behind what the store keeps.

    It stands in for the library's cache, whose encoder calls ``update`` once per layer.
    """

    is_compileable = False

    def __init__(self, store: "PrefixStore", start: int) -> None:
        self._store = store
        self._start = start

    def update(self, keys: Tensor, values: Tensor, layer_idx: int) -> tuple[Tensor, Tensor]:
        """Keep ``keys`` and ``values`` [1, heads, new, width]; returns them behind all that the layer attends
        to.

        What is returned is contiguous: its bits and strides do not depend on how far the buffers have grown.
        """
        layer = self._store.buffers[layer_idx]
        past = slice(self._store.past_start(layer_idx, self._start), self._start)
        new = slice(self._start, self._start + keys.shape[2])
        layer.keys[:, :, new] = keys
        layer.values[:, :, new] = values
        return (
            torch.cat([layer.keys[:, :, past], keys], dim=2),
            torch.cat([layer.values[:, :, past], values], dim=2),
        )

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Tokens before this call's, as the library asks for it."""
        return self._start


class PrefixStore:
    """Keys and values of every layer for one token sequence of at most ``limit`` tokens.

    Buffers grow with the sequence, by doubling, and never shrink.
    """

    def __init__(
        self, shapes: Sequence[LayerShape], limit: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.shapes = tuple(shapes)
        self.limit = limit
        self.drops = 0
        """How often tokens were dropped: views taken before that are stale."""
        self._tokens: list[int] = []
        self._capacity = 0
        empty = [
            torch.empty(1, shape.heads, 0, shape.width, dtype=dtype, device=device) for shape in self.shapes
        ]
        self.buffers = [KeysValues(tensor, tensor) for tensor in empty]

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens whose keys and values are kept."""
        return tuple(self._tokens)

    def missing(self, tokens: Sequence[int]) -> int:
        """How many of ``tokens`` a prefill would have to compute."""
        return len(tokens) - self._reusable(tokens)

    def plan(self, tokens: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Drop what does not agree with ``tokens``; yields the (start, end) of each chunk that is to be
        computed.

        The caller computes each chunk and calls :meth:`extend` before it asks for the next. Raises ValueError
        where there are more tokens than the store may hold.
        """
        if len(tokens) > self.limit:
            raise ValueError(f"{len(tokens)} context tokens, the prefix store holds at most {self.limit}")
        kept = self._reusable(tokens)
        if kept < len(self._tokens):
            del self._tokens[kept:]
            self.drops += 1
        self._reserve(len(tokens))
        for start in range(kept, len(tokens), CHUNK):
            yield start, min(start + CHUNK, len(tokens))

    def extend(self, chunk: Sequence[int]) -> None:
        """Say that the keys and values of ``chunk`` now stand behind those of the kept tokens."""
        self._tokens += chunk

    def view(self, n: int, batch: int) -> View:
        """The first ``n`` tokens for ``batch`` canvases; copies nothing.

        The bits of a view repeat where ``n`` is all that was prefilled or a multiple of the chunk.
        """
        if not 0 < n <= len(self._tokens):
            raise ValueError(f"a view of {n} tokens of a prefix store that holds {len(self._tokens)}")
        layers = []
        for index, layer in enumerate(self.buffers):
            seen = slice(self.past_start(index, n), n)
            layers.append(
                KeysValues(
                    layer.keys[:, :, seen].expand(batch, -1, -1, -1),
                    layer.values[:, :, seen].expand(batch, -1, -1, -1),
                )
            )
        return View(self, n, layers)

    def past_start(self, layer: int, position: int) -> int:
        """The first token that ``layer`` sees from ``position``."""
        window = self.shapes[layer].window
        return 0 if window is None else max(0, position - window + 1)

    def _reusable(self, tokens: Sequence[int]) -> int:
        """How many of the kept tokens serve for ``tokens``: all if they are the same, else whole chunks."""
        same = 0
        for kept, asked in zip(self._tokens, tokens, strict=False):
            if kept != asked:
                break
            same += 1
        return same if same == len(self._tokens) == len(tokens) else same - same % CHUNK

    def _reserve(self, tokens: int) -> None:
        if tokens <= self._capacity:
            return
        chunks = -(-max(tokens, min(2 * self._capacity, self.limit)) // CHUNK)
        self._capacity = chunks * CHUNK
        kept = len(self._tokens)
        for index, old in enumerate(self.buffers):
            _, heads, _, width = old.keys.shape
            grown = KeysValues(*(old.keys.new_empty(1, heads, self._capacity, width) for _ in range(2)))
            grown.keys[:, :, :kept] = old.keys[:, :, :kept]
            grown.values[:, :, :kept] = old.values[:, :, :kept]
            self.buffers[index] = grown
