"""The token layout of a request: what the encoder reads, and the canvas with its pinned and free positions.

Training builds its examples with these very functions, so that the model knows every format that infilling sends, but
for pieces of other files, which no checkpoint was trained with so far::

    context:  <bos> [<path> path <prefix> piece of another file] … [<path> path] [<far> far suffix] <prefix> prefix
    canvas:   free … free | suffix head … [<eos>] | <pad> …
              lead | free … free | suffix head … [<eos>] | <pad> …
              free … free | code between | free … free | suffix head … [<eos>] | <pad> …

``<eos>`` stands where the file ends inside the canvas; ``<pad>`` fills what is left. A canvas that pads right behind
its last gap says that the suffix is unknown. This file knows token ids alone, no text.
"""

from collections.abc import Sequence
from typing import NamedTuple

PAD, EOS, BOS, MASK, DELETE, PATH, FAR, PREFIX = (
    "<pad>",
    "<eos>",
    "<bos>",
    "<mask>",
    "<delete>",
    "<path>",
    "<far>",
    "<prefix>",
)
CONTROL_TOKENS = (PAD, EOS, BOS, MASK, DELETE, PATH, FAR, PREFIX)
"""Control tokens of checkpoints trained here; a token's id is its place in this tuple."""

PAD_ID, EOS_ID, BOS_ID, MASK_ID, DELETE_ID, PATH_ID, FAR_ID, PREFIX_ID = range(len(CONTROL_TOKENS))


class Canvas(NamedTuple):
    """The canvas before any denoising.

    ``tokens`` [canvas] holds the pinned ids, and ``fill`` at free positions; ``free`` has one range of positions per
    gap, in order. ``closed`` is text of the last gap that is pinned right behind its free positions.
    """

    tokens: list[int]
    free: tuple[range, ...]
    closed: str = ""


def lay_out_related(path: Sequence[int], text: Sequence[int]) -> list[int]:
    """A piece of another file, as the file itself would stand in a context that it is all of."""
    return [PATH_ID, *path, PREFIX_ID, *text]


def lay_out_context(
    path: Sequence[int], far: Sequence[int], prefix: Sequence[int], related: Sequence[int] = ()
) -> list[int]:
    """The encoder's tokens in the ``dgls`` context format, stable parts first; empty parts are left out.

    ``related`` holds pieces of other files (see :func:`lay_out_related`), one behind the other.
    """
    context = [BOS_ID, *related]
    if path:
        context += [PATH_ID, *path]
    if far:
        context += [FAR_ID, *far]
    return [*context, PREFIX_ID, *prefix]


def lay_out_canvas(
    free: Sequence[int],
    between: Sequence[Sequence[int]],
    head: Sequence[int] | None,
    length: int,
    *,
    at_end: bool,
    fill: int,
    pad: int = PAD_ID,
    eos: int | None = EOS_ID,
    lead: Sequence[int] = (),
) -> Canvas:
    """Place ``free[i]`` free positions per gap, the code ``between`` them and as much of ``head`` as fits.

    ``head`` None hides the suffix. ``at_end`` says that the document ends behind ``head``, which is then followed by
    ``eos`` if that fits too. ``lead`` is pinned before the first gap: it was typed since the context was read. Raises
    ValueError where gaps and the code between them do not fit into ``length``.
    """
    if len(between) != len(free) - 1:
        raise ValueError(f"{len(free)} gaps have {len(free) - 1} stretches between them, got {len(between)}")
    tokens: list[int] = [*lead]
    ranges: list[range] = []
    for index, count in enumerate(free):
        ranges.append(range(len(tokens), len(tokens) + count))
        tokens += [fill] * count
        if index < len(between):
            tokens += between[index]
    if len(tokens) > length:
        raise ValueError(f"gaps and the code between them take {len(tokens)} tokens, the canvas has {length}")
    if head is not None:
        room = length - len(tokens)
        tokens += head[:room]
        if at_end and eos is not None and len(head) < room:
            tokens.append(eos)
    tokens += [pad] * (length - len(tokens))
    return Canvas(tokens, tuple(ranges))
