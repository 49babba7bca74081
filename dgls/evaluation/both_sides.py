"""Does a checkpoint use both sides? Cross-entropy of held-out gaps with their suffix, near and far, and without it.

For every gap the same canvas is decoded twice from pure noise, once as infilling would lay it out, once with the
suffix hidden from the canvas and from the context. The paired difference says what the suffix is worth. Beside it
stands how often the fill that would be offered is the text that stood there.
"""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import torch

from dgls.config import InfillSettings
from dgls.evaluation.statistics import Interval, mean_interval, wilson_interval
from dgls.infill.alphabet import barred_ids
from dgls.infill.canvas import plan_request
from dgls.infill.context import encode_context
from dgls.infill.fill import fill_gaps
from dgls.infill.layout import Canvas, lay_out_canvas
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import Host
from dgls.training.corpus import Document
from dgls.training.gaps import sample_gap

LONGEST_GAP = 24
"""Tokens of a gap's text at most, so that it fits into the usual free positions with room to spare."""


class HeldOutGap(NamedTuple):
    """A gap cut out of a held-out file: ``text`` has it closed up at ``start``, ``answer`` is what stood there."""

    path: str
    language: str
    text: str
    start: int
    answer: str


class GapResult(msgspec.Struct, frozen=True):
    """Cross-entropy of one gap, in nats per token of its answer, and whether the offered fill is the answer."""

    tokens: int
    with_suffix: float
    without_suffix: float
    exact: bool
    offered: bool
    nfe: int


class BothSides(msgspec.Struct, frozen=True):
    """The outcome over all gaps; ``difference`` is without minus with suffix: above zero, the suffix helps."""

    gaps: int
    with_suffix: Interval
    without_suffix: Interval
    difference: Interval
    exact: Interval
    offered: Interval
    mean_nfe: float


def cut_gaps(documents: Sequence[Document], count: int, host: Host, seed: int) -> list[HeldOutGap]:
    """``count`` gaps of the training mix from ``documents``, spread evenly over them; the same for the same seed."""
    generator = random.Random(seed)
    gaps: list[HeldOutGap] = []
    tries = 0
    while len(gaps) < count and tries < 50 * count:
        document = documents[tries % len(documents)]
        tries += 1
        gap = sample_gap(document, 0, len(document.text), LONGEST_GAP * 4, generator)
        if gap is None:
            continue
        answer = document.text[gap.start : gap.end]
        if answer.strip() and len(host.tokenizer.encode(answer)) <= LONGEST_GAP:
            text = document.text[: gap.start] + document.text[gap.end :]
            gaps.append(HeldOutGap(document.name, document.language, text, gap.start, answer))
    return gaps


def measure(
    host: Host, gaps: Sequence[HeldOutGap], settings: InfillSettings, report: Callable[[int], None]
) -> BothSides:
    """Measure ``gaps``; ``report`` is told how many are done."""
    results = []
    for index, gap in enumerate(gaps):
        results.append(_measure_one(host, gap, settings))
        report(index + 1)
    return BothSides(
        gaps=len(results),
        with_suffix=mean_interval([result.with_suffix for result in results]),
        without_suffix=mean_interval([result.without_suffix for result in results]),
        difference=mean_interval([result.without_suffix - result.with_suffix for result in results]),
        exact=wilson_interval(sum(result.exact for result in results), len(results)),
        offered=wilson_interval(sum(result.offered for result in results), len(results)),
        mean_nfe=sum(result.nfe for result in results) / len(results),
    )


def _measure_one(host: Host, gap: HeldOutGap, settings: InfillSettings) -> GapResult:
    request = FillRequest(
        gap.text, (Gap(gap.start, gap.start),), gap.language, gap.path, settings, candidates=1
    )
    plan = plan_request(host, request)
    answer = host.tokenizer.encode(gap.answer)
    seen = plan.canvas(host, plan.free)
    hidden = lay_out_canvas(
        plan.free, [], None, plan.length, at_end=False, fill=seen.tokens[seen.free[0].start]
    )
    blind = encode_context(
        host, gap.text[: gap.start], gap.start, gap.start, gap.path, gap.language, len(plan.context)
    )
    with_suffix = _cross_entropy(host, plan.context, seen, answer)
    without_suffix = _cross_entropy(host, blind, hidden, answer)
    fills = fill_gaps(host, host.new_store(), request)
    while True:
        try:
            next(fills)
        except StopIteration as finished:
            outcome = finished.value
            break
    text = outcome.fills[0].texts[0] if outcome.fills else None
    return GapResult(
        len(answer), with_suffix, without_suffix, text == gap.answer, text is not None, outcome.nfe
    )


def _cross_entropy(host: Host, context: list[int], canvas: Canvas, answer: list[int]) -> float:
    """Mean nats per token of ``answer`` at the first free positions of ``canvas``, in one pass from pure noise."""
    store = host.new_store()
    for _ in host.prefill(store, context):
        pass
    logits = host.decode(store.view(len(context), 1), torch.tensor([canvas.tokens], device=host.device))
    start = canvas.free[0].start
    barred = barred_ids(host.tokenizer, host.device, single_line=False, whole_characters=False)
    free = logits[0, start : start + len(answer)].masked_fill(barred, -torch.inf)
    return float(torch.nn.functional.cross_entropy(free, torch.tensor(answer, device=host.device)))
