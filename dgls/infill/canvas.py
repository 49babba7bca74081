"""From a request to tokens: how many free positions each gap gets, what is pinned around them, what the encoder reads.

A checkpoint trained here tokenises prefix, gap and suffix apart at the character cut, and over-allocates: deleted
positions spell nothing. A foreign checkpoint gets its left edges healed (step back one token and constrain the first
free token to spell the characters that were cut), and its lengths probed (see :mod:`dgls.infill.fill`).

A request that keeps a part of what stands in its gaps needs neither: it begins with the gaps' own tokens in place, and
a few spare positions beside them (see :mod:`dgls.infill.rewrite`).
"""

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch

from dgls.infill.alphabet import beginning_with
from dgls.infill.context import encode_context
from dgls.infill.layout import CONTROL_TOKENS, EOS_ID, PAD_ID, Canvas, lay_out_canvas
from dgls.infill.request import FillError, FillRequest
from dgls.infill.rewrite import spare_positions
from dgls.model.host import Host
from dgls.model.tokenizer import CodeTokenizer

CANVAS_ON_CPU = 128
LEAST_HEAD = 16
"""Tokens of the suffix that the canvas keeps room for, where there is a suffix."""
SPARE = 4
"""Free positions that are noise on both sides of a draft: a word that was begun may take some, and what follows."""
LEAST_FREE = 4
"""Free positions of a gap of unknown length, at least."""
GROWTH, GROWTH_LEAST = 1.5, 8
"""A span that is rewritten gets so many times its own tokens, and so many more at least."""


class Edge(NamedTuple):
    """The characters before a gap that its first free token must spell, and the ids that begin with them."""

    cut: bytes
    allowed: torch.Tensor


class Plan(NamedTuple):
    """A request in tokens.

    ``original`` has the tokens of each gap's present text. ``between`` and ``head`` are pinned; ``edges`` has one
    entry per gap (None: nothing to heal). ``length`` is the canvas in tokens, ``free`` the free positions per gap at
    most; of the ``head``, a canvas holds what there is room for. ``closed_head`` is the head with what an editor closed
    in front of it, where the request says so. ``lead`` is pinned before the first gap, and ``drafts`` are where
    candidates for it start from.
    """

    request: FillRequest
    context: list[int]
    original: list[list[int]]
    between: list[list[int]]
    head: list[int]
    at_end: bool
    edges: list[Edge | None]
    length: int
    free: list[int]
    closed_head: list[int]
    lead: tuple[int, ...] = ()
    drafts: tuple[tuple[int, ...], ...] = ()

    def room(self, halvings: int) -> list[int]:
        """Free positions per gap where nobody knows how long the answer is: halved so often in gaps that are empty."""
        return _halved(self.free, self.original, halvings)

    def canvas(self, host: Host, free: Sequence[int], *, closed: bool = False) -> Canvas:
        """The canvas with ``free[i]`` free positions for gap i; with ``closed``, what an editor closed is pinned."""
        end = min(host.eos_ids, default=EOS_ID)
        own = host.description.context_format == "dgls"
        canvas = lay_out_canvas(
            free,
            self.between,
            self.closed_head if closed else self.head,
            self.length,
            at_end=self.at_end,
            fill=end if host.mask_id is None else host.mask_id,
            pad=PAD_ID if own else end,
            eos=end,
            lead=self.lead,
        )
        return canvas._replace(closed=self.request.closed_text if closed else "")

    def canvas_with(self, host: Host, draft: Sequence[int]) -> tuple[Canvas, list[bool]]:
        """The canvas whose one gap has ``draft`` in it, with noise on both sides; and which positions that takes."""
        count = min(self.free[0], len(draft) + 2 * SPARE)
        canvas = self.canvas(host, [count], closed=self.request.closed > 0)
        first = canvas.free[0].start + SPARE
        stands = range(first, min(first + len(draft), canvas.free[0].stop))
        canvas.tokens[stands.start : stands.stop] = draft[: len(stands)]
        return canvas, [position in stands for position in range(len(canvas.tokens))]


def plan_request(host: Host, request: FillRequest) -> Plan:
    """Tokenise what ``request`` pins and frees. Raises :class:`FillError` where the gaps do not fit into a canvas."""
    tokenizer, text, gaps = host.tokenizer, request.text, request.gaps
    if host.description.context_format == "dgls":
        _check_control_tokens(tokenizer)
    limit = _canvas_limit(host, request)
    window = 8 * limit
    if request.keeps and gaps[-1].end - gaps[0].start > window:
        raise _too_long(limit)
    if gaps[-1].end - gaps[0].start > window and len(gaps) > 1:
        raise FillError(
            f"the gaps lie {gaps[-1].end - gaps[0].start} characters apart, too far for one canvas of {limit} tokens; "
            "fill them one at a time, or raise infill.canvas_tokens"
        )
    own_ends = [*(gap.end for gap in gaps[:-1]), gaps[-1].end - request.closed]
    original = [
        tokenizer.encode(text[gap.start : min(end, gap.start + window)])
        for gap, end in zip(gaps, own_ends, strict=True)
    ]
    between = [tokenizer.encode(text[a.end : b.start]) for a, b in itertools.pairwise(gaps)]
    suffix_end = min(len(text), gaps[-1].end + window)
    suffix = tokenizer.encode(text[gaps[-1].end : suffix_end])
    pinned = sum(map(len, between))
    room_for_head = min(LEAST_HEAD, len(suffix))
    free = (_keep if request.keeps else _allocate)(
        host, request, original, limit - pinned - room_for_head, limit
    )
    needed = sum(free) + pinned + room_for_head
    length = next((size for size in host.canvas_lengths if needed <= size <= limit), limit)
    halvings = 0 if host.delete_id is None else request.settings.lengths - 1
    head = suffix[: length - pinned - sum(_halved(free, original, halvings))]
    head_end = gaps[-1].end + len(tokenizer.decode(head).decode(errors="ignore"))
    budget = min(request.settings.context_tokens or host.context_tokens, host.context_limit)
    context = encode_context(host, request, head_end, budget)
    edges: list[Edge | None] = [None] * len(gaps)
    if not host.description.separate_boundaries and not request.keeps:
        edges[0] = heal(host, context)
        for index, tokens in enumerate(between):
            edges[index + 1] = heal(host, tokens)
    return Plan(
        request,
        context,
        original,
        between,
        head,
        suffix_end == len(text) and len(head) == len(suffix),
        edges,
        length,
        free,
        tokenizer.encode(text[own_ends[-1] : suffix_end]) if request.closed else head,
    )


def _halved(free: Sequence[int], original: Sequence[Sequence[int]], halvings: int) -> list[int]:
    return [
        count if own else max(min(count, LEAST_FREE), count >> halvings)
        for count, own in zip(free, original, strict=True)
    ]


def _allocate(
    host: Host, request: FillRequest, original: list[list[int]], most: int, limit: int
) -> list[int]:
    """Free positions per gap: what is wanted, where the largest give way until ``most`` is kept."""
    free = _wanted(request, original)
    if most < len(free):
        raise FillError(
            f"{len(free)} gaps and the code between them do not fit into a canvas of {limit} tokens; fill fewer at a "
            "time, or raise infill.canvas_tokens"
        )
    while (excess := sum(free) - most) > 0:
        largest = free.index(max(free))
        free[largest] -= max(1, min(excess, free[largest] // 4))
    return free


def fit_together(host: Host, request: FillRequest) -> bool:
    """Whether one canvas gives each gap as much room as it would get alone, with the code between pinned."""
    text, gaps, limit = request.text, request.gaps, _canvas_limit(host, request)
    if gaps[-1].end - gaps[0].start > 8 * limit:
        return False
    encode = host.tokenizer.encode
    own = [encode(text[gap.start : gap.end]) for gap in gaps]
    between = sum(len(encode(text[a.end : b.start])) for a, b in itertools.pairwise(gaps))
    return sum(_wanted(request, own)) + between + LEAST_HEAD <= limit


def _wanted(request: FillRequest, original: list[list[int]]) -> list[int]:
    """Free positions per gap where there is room: the setting, or what a rewrite may need."""
    least = request.settings.free_tokens
    return [
        max(least, round(GROWTH * len(tokens)) + GROWTH_LEAST) if tokens else least for tokens in original
    ]


def _keep(host: Host, request: FillRequest, original: list[list[int]], most: int, limit: int) -> list[int]:
    """Positions per gap for its own tokens and a few more, if the checkpoint can leave positions empty."""
    spare = 0.0 if request.strength is None or host.delete_id is None else request.strength
    kept = [len(tokens) + (spare_positions(len(tokens), spare) if spare else 0) for tokens in original]
    if sum(kept) > most:
        raise _too_long(limit)
    return kept


@lru_cache(maxsize=8)
def _check_control_tokens(tokenizer: CodeTokenizer) -> None:
    """Raise :class:`FillError` where the ``dgls`` format's control tokens are not where the layout has them."""
    for token_id, name in enumerate(CONTROL_TOKENS):
        if tokenizer.id_of(name) != token_id:
            raise FillError(
                f"the checkpoint says that it reads the `dgls` context format, but its {name} is "
                f"{tokenizer.id_of(name)}, not token {token_id}; export it again, or correct its dgls.json"
            )


def _canvas_limit(host: Host, request: FillRequest) -> int:
    """The longest canvas, in tokens, that the settings and the checkpoint allow."""
    longest = host.canvas_lengths[-1]
    usual = longest
    # What is kept or stands between gaps has to be in the canvas, whatever it costs.
    if host.device.type == "cpu" and len(request.gaps) == 1 and not request.keeps:
        usual = min(longest, max(CANVAS_ON_CPU, host.canvas_lengths[0]))
    return min(request.settings.canvas_tokens or usual, longest)


def _too_long(limit: int) -> FillError:
    return FillError(
        f"what is to be kept of the span does not fit into a canvas of {limit} tokens; take a shorter span, start anew "
        "(strength 1), or raise infill.canvas_tokens"
    )


def heal(host: Host, tokens: list[int]) -> Edge | None:
    """Take the last of the ``tokens`` before a gap away, and say what the gap's first token must begin with."""
    cut = host.tokenizer.token_bytes[tokens[-1]] if tokens else b""
    if not cut or cut.isspace():
        return None
    tokens.pop()
    return Edge(cut, beginning_with(host.tokenizer, host.device, cut))
