"""Which spans of a source file become gaps: half of them syntax nodes, a quarter lines, a quarter random characters."""

import bisect
import random
from typing import Literal, NamedTuple

import numpy as np

from dgls.training.corpus import Document

GapKind = Literal["node", "line", "span"]
GAP_KINDS: tuple[GapKind, ...] = ("node", "node", "line", "span")
"""A draw from this tuple is the mix: AST-aware masking pays (arXiv 2506.00204, 2508.01473)."""


class SampledGap(NamedTuple):
    """A gap ``text[start:end]`` and how it was chosen."""

    start: int
    end: int
    kind: GapKind


def sample_gap(
    document: Document,
    low: int,
    high: int,
    longest: int,
    generator: random.Random,
    kind: GapKind | None = None,
    shortest: int = 1,
) -> SampledGap | None:
    """A gap of ``shortest`` to ``longest`` characters that starts in ``low`` to ``high``; None where none is found."""
    kind = kind or generator.choice(GAP_KINDS)
    if kind == "node":
        return _node(document, low, high, shortest, longest, generator)
    if kind == "line":
        return _line(document.text, low, high, shortest, longest, generator)
    start = generator.randrange(low, max(low + 1, high))
    # Lengths are log-uniform: short gaps are what typing leaves.
    end = start + round(np.exp(generator.uniform(np.log(shortest), np.log(longest))))
    return SampledGap(start, end, "span") if end <= len(document.text) else None


def _node(
    document: Document, low: int, high: int, shortest: int, longest: int, generator: random.Random
) -> SampledGap | None:
    spans = document.spans()
    first = bisect.bisect_left(spans, low, key=lambda span: span[0])
    last = bisect.bisect_left(spans, high, key=lambda span: span[0])
    if first == last:
        return None
    near = spans[first:last]
    sizes = near[:, 1] - near[:, 0]
    # Small nodes are the many; drawing by the root of the size gives calls, statements and bodies their share.
    weights = np.sqrt(sizes) * (sizes >= shortest) * (sizes <= longest)
    total = float(weights.sum())
    if not total:
        return _from_node_to_node(spans, int(generator.choice(near)[0]), shortest, longest, generator)
    chosen = int(np.searchsorted(np.cumsum(weights), generator.random() * total, side="right"))
    start, end = map(int, near[min(chosen, len(near) - 1)])
    if generator.random() < 0.3:  # the cursor is often inside: keep the head of the node
        start += generator.randrange(0, end - start - shortest + 1)
    return SampledGap(start, end, "node")


def _from_node_to_node(
    spans: "np.ndarray[tuple[int, int], np.dtype[np.int32]]",
    start: int,
    shortest: int,
    longest: int,
    generator: random.Random,
) -> SampledGap | None:
    """From the ``start`` of a node to the end of another, as of several statements: none is long enough alone."""
    ends = spans[:, 1]
    fitting = ends[(ends >= start + shortest) & (ends <= start + longest)]
    return SampledGap(start, int(generator.choice(fitting)), "node") if len(fitting) else None


def _line(
    text: str, low: int, high: int, shortest: int, longest: int, generator: random.Random
) -> SampledGap | None:
    """One to four lines (more, to be long enough), or what is left of them from a cursor in the first.

    The last line break is not in the gap.
    """
    start = text.find("\n", generator.randrange(low, max(low + 1, high))) + 1
    if not low < start < high:
        return None
    end = start
    lines = generator.choice((1, 1, 1, 2, 3, 4))
    while lines > 0 or end < min(start + shortest, len(text)):
        lines -= 1
        line_end = text.find("\n", end)
        end = len(text) if line_end < 0 else line_end + 1
    end -= text[start:end].endswith("\n")
    body = start + len(text[start:end]) - len(text[start:end].lstrip())
    if body >= end:
        return None
    start = generator.choice((start, body, generator.randrange(body, end)))
    return SampledGap(start, end, "line") if shortest <= end - start <= longest else None
