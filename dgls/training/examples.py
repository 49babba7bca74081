"""Training examples: one window of a file is encoded once, and several canvases read different lengths of it.

The encoder's pass over a window serves every gap in it: a canvas at a gap sees the cached window up to that gap and
no further, by its attention mask, and its positions continue there. Window text is tokenised apart at each gap's
start, as infilling tokenises prefix, gap and suffix apart.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer

from dgls.infill.layout import DELETE_ID, MASK_ID, PAD_ID, lay_out_canvas, lay_out_context
from dgls.training.corpus import Document
from dgls.training.gaps import GAP_KINDS, SampledGap, sample_gap

CHARACTERS_PER_TOKEN = 3.2
"""A little over what code takes, so that a window of characters fills its tokens."""


class Geometry(msgspec.Struct, frozen=True):
    """Sizes of a batch, in tokens: ``rows`` contexts, each read by ``canvases`` canvases; ``share`` of all batches."""

    context: int
    canvas: int
    rows: int
    canvases: int
    share: float


class Formats(msgspec.Struct, frozen=True):
    """How often each part of a request's format appears; what infilling may send, the model must have seen."""

    path: float = 0.5
    far_suffix: float = 0.5
    hidden_suffix: float = 0.12
    several_gaps: float = 0.16
    """Share of the canvases that are neither dense nor empty which have two to four gaps."""
    exact_length: float = 0.1
    nothing: float = 0.03
    dense: float = 0.5
    """Share of canvases that are mostly gap, at its exact length: most of what is learnt per token comes from them,
    since a usual canvas is mostly suffix and deleted positions."""


class Batch(NamedTuple):
    """Tensors of one step; R rows, C context, N = R x canvases, K canvas.

    ``context`` [R, C] is left-padded; ``context_mask`` [R, C] is 1 at its tokens. ``canvas`` [N, K] holds the clean
    canvas with the gap's tokens and deletes in place; ``free`` [N, K] marks its free positions. ``visible`` [N] is how
    many context positions (padding included) the canvas may read, and ``padding`` [R] the padding of each row.
    """

    context: torch.Tensor
    context_mask: torch.Tensor
    canvas: torch.Tensor
    free: torch.Tensor
    visible: torch.Tensor
    padding: torch.Tensor


class Sampler:
    """Draws windows, gaps and layouts from documents; deterministic in its seed."""

    def __init__(
        self, documents: Sequence[Document], tokenizer: Tokenizer, formats: Formats, seed: int
    ) -> None:
        self.documents = documents
        self.tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self.tokenizer.encode_special_tokens = True  # source that spells a control token is still text
        self.formats = formats
        self.generator = random.Random(seed)
        self.ends = np.cumsum([len(document.text) for document in documents])

    def batches(self, geometries: Sequence[Geometry]) -> Iterator[Batch]:
        """Batches without end, of the geometries by their shares."""
        while True:
            geometry = self.generator.choices(geometries, [g.share for g in geometries])[0]
            yield self.batch(geometry)

    def batch(self, geometry: Geometry) -> Batch:
        """One batch of ``geometry``."""
        rows: list[tuple[list[int], list[_Placed]]] = []
        while len(rows) < geometry.rows:
            row = self._row(geometry)
            if row is not None:
                rows.append(row)
        context = torch.full((geometry.rows, geometry.context), PAD_ID)
        context_mask = torch.zeros((geometry.rows, geometry.context), dtype=torch.long)
        padding = torch.zeros(geometry.rows, dtype=torch.long)
        canvases: list[list[int]] = []
        free = torch.zeros((geometry.rows * geometry.canvases, geometry.canvas), dtype=torch.bool)
        visible: list[int] = []
        for index, (tokens, placed) in enumerate(rows):
            padding[index] = geometry.context - len(tokens)
            context[index, padding[index] :] = torch.tensor(tokens)
            context_mask[index, padding[index] :] = 1
            for one in placed:
                for span in one.free:
                    free[len(canvases), span.start : span.stop] = True
                canvases.append(one.tokens)
                visible.append(int(padding[index]) + one.cut)
        return Batch(context, context_mask, torch.tensor(canvases), free, torch.tensor(visible), padding)

    def _row(self, geometry: Geometry) -> "tuple[list[int], list[_Placed]] | None":
        """One context with its canvases, or None where the window drawn has no room for that many gaps."""
        generator, formats = self.generator, self.formats
        document = self.documents[
            int(np.searchsorted(self.ends, generator.randrange(int(self.ends[-1])), "right"))
        ]
        text = document.text
        path = self._encode(document.name)[-24:] if generator.random() < formats.path else []
        window = geometry.context - len(lay_out_context(path, [], []))
        with_far = generator.random() < formats.far_suffix
        far_room = generator.randrange(window // 16, window // 4) if with_far else 0
        window -= far_room + with_far

        begin = generator.randrange(len(text))
        begin = text.rfind("\n", 0, begin) + 1 if generator.random() < 0.9 else begin
        if generator.random() < 0.25:
            begin = 0
        end = min(len(text), begin + int(window * CHARACTERS_PER_TOKEN))
        if end - begin < 64:
            return None
        spaces: list[_Space] = []
        for _ in range(geometry.canvases):
            space = self._space(document, begin, begin + int(0.85 * (end - begin)), geometry.canvas)
            if space is None:
                return None
            spaces.append(space)
        spaces.sort()

        far: list[int] = []
        if with_far:
            # The far suffix starts on a line some way behind all gaps, as infilling anchors it: it shows none of them.
            after = max(space.spans[-1][1] for space in spaces) + int(
                geometry.canvas * CHARACTERS_PER_TOKEN / 2
            )
            line = text.find("\n", after + generator.randrange(200)) + 1
            if line > 0:
                far = self._encode(text[line : line + 6 * far_room])[:far_room]
        header = len(lay_out_context(path, far, []))
        prefix: list[int] = []
        cuts: list[int] = []
        last = begin
        for space in spaces:
            start = space.spans[0][0]
            prefix += self._encode(text[last:start])
            cuts.append(header + len(prefix))
            last = start
        if cuts[-1] > geometry.context:
            return None
        prefix += self._encode(text[last:end])
        tokens = lay_out_context(path, far, prefix)[: geometry.context]
        placed: list[_Placed] = []
        for space, cut in zip(spaces, cuts, strict=True):
            canvas = self._canvas(text, space, geometry.canvas)
            if canvas is None:
                return None
            placed.append(_Placed(cut, *canvas))
        return tokens, placed

    def _space(self, document: Document, low: int, high: int, length: int) -> "_Space | None":
        """What a canvas of ``length`` tokens leaves free, from ``low`` to ``high`` on; None where nothing is found."""
        generator, formats = self.generator, self.formats
        room = length * CHARACTERS_PER_TOKEN
        if generator.random() < formats.nothing:  # a cursor where nothing is missing
            gap = self._gap(document, low, high, 1, int(room / 2))
            return gap and _Space(((gap.start, gap.start),), False)
        if generator.random() < formats.dense:
            gap = self._gap(document, low, high, int(0.4 * room), int(0.8 * room))
            return gap and _Space(((gap.start, gap.end),), True)
        count = generator.choice((2, 2, 3, 4)) if generator.random() < formats.several_gaps else 1
        spans: list[tuple[int, int]] = []
        for _ in range(count):
            gap = self._gap(document, low, high, 1, int(room / 2 / count))
            if gap is None:
                break
            spans.append((gap.start, gap.end))
            low, high = gap.end + 1, min(len(document.text), gap.end + int(room / 3 / count))
        return _Space(tuple(spans), False) if spans else None

    def _gap(self, document: Document, low: int, high: int, shortest: int, longest: int) -> SampledGap | None:
        """A gap of a kind drawn once, so that a kind that is seldom found at once keeps its share."""
        kind = self.generator.choice(GAP_KINDS)
        for each in (*[kind] * 6, "span", "span") if low < high else ():
            gap = sample_gap(document, low, high, longest, self.generator, each, shortest)
            if gap is not None:
                return gap
        return None

    def _canvas(self, text: str, space: "_Space", length: int) -> tuple[list[int], tuple[range, ...]] | None:
        """The clean canvas of a space, and its free positions; None where it does not fit."""
        generator, formats, spans = self.generator, self.formats, space.spans
        answers = [self._encode(text[start:end]) for start, end in spans]
        between = [self._encode(text[a[1] : b[0]]) for a, b in itertools.pairwise(spans)]
        spare = length - sum(map(len, answers)) - sum(map(len, between))
        if spare < 0:
            return None
        counts: list[int] = []
        for left, answer in zip(range(len(answers), 0, -1), answers, strict=True):
            counts.append(len(answer) if space.dense else self._allocate(len(answer), spare // left))
            spare -= counts[-1] - len(answer)
        end = spans[-1][1]
        hidden = generator.random() < formats.hidden_suffix
        room = length * 6
        head = None if hidden else self._encode(text[end : end + room])
        canvas = lay_out_canvas(counts, between, head, length, at_end=end + room >= len(text), fill=MASK_ID)
        tokens = canvas.tokens
        for span, answer in zip(canvas.free, answers, strict=True):
            tokens[span.start : span.stop] = answer + [DELETE_ID] * (len(span) - len(answer))
        return tokens, canvas.free

    def _allocate(self, needed: int, spare: int) -> int:
        """Free positions for a gap of ``needed`` tokens, ``spare`` more being at hand; infilling over-allocates too."""
        generator = self.generator
        if generator.random() < self.formats.exact_length:
            return needed
        usual = [count for count in (8, 16, 32, 32, 48, 64) if needed <= count <= needed + spare]
        if usual and generator.random() < 0.7:
            return generator.choice(usual)
        return needed + generator.randrange(0, min(spare, needed + 12) + 1)

    def _encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids if text else []


class _Space(NamedTuple):
    """The gaps of a canvas, as spans of text in order; whether it is ``dense``, mostly gap."""

    spans: tuple[tuple[int, int], ...]
    dense: bool


class _Placed(NamedTuple):
    """A canvas that reads ``cut`` tokens of its row's context."""

    cut: int
    tokens: list[int]
    free: tuple[range, ...]
