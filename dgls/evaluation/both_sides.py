"""Does a checkpoint use both sides? Cross-entropy of held-out gaps with their suffix, near and far, and without it.

Two measures, each in nats per token of the gap's text, each paired between the two conditions:

- *any order*: the gap at its true length, a random number of its tokens masked and the others shown. Its mean is the
  likelihood bound of masked diffusion per token (arXiv 2406.07524), and what denoising meets on its way.
- *from noise*: the gap as a request lays it out, over-allocated and all noise: the first step of a fill, where even
  the length is unknown.

Beside them stands how often the fill that would be offered is the text that stood there.
"""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import torch

from dgls.config import InfillSettings
from dgls.evaluation.statistics import Interval, mean_interval, wilson_interval
from dgls.infill.canvas import Plan, plan_request
from dgls.infill.context import encode_context
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.layout import lay_out_canvas
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore, View
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


class Pair(NamedTuple):
    """The cross-entropy of one gap without its suffix and with it, in nats per token."""

    without_suffix: float
    with_suffix: float


class GapResult(NamedTuple):
    """What was measured on one gap; ``exact`` says that the offered fill is the text that stood there."""

    any_order: Pair
    from_noise: Pair
    exact: bool
    offered: bool
    nfe: int


class Comparison(msgspec.Struct, frozen=True):
    """A measure over all gaps; ``difference`` is without minus with suffix: above zero, the suffix helps."""

    with_suffix: Interval
    without_suffix: Interval
    difference: Interval


class BothSides(msgspec.Struct, frozen=True):
    """The outcome over all gaps."""

    gaps: int
    any_order: Comparison
    from_noise: Comparison
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
        results.append(_measure_one(host, gap, settings, random.Random(f"{settings.seed} {index}")))
        report(index + 1)
    return BothSides(
        gaps=len(results),
        any_order=_compare([result.any_order for result in results]),
        from_noise=_compare([result.from_noise for result in results]),
        exact=wilson_interval(sum(result.exact for result in results), len(results)),
        offered=wilson_interval(sum(result.offered for result in results), len(results)),
        mean_nfe=sum(result.nfe for result in results) / len(results),
    )


def _compare(pairs: Sequence[Pair]) -> Comparison:
    return Comparison(
        mean_interval([pair.with_suffix for pair in pairs]),
        mean_interval([pair.without_suffix for pair in pairs]),
        mean_interval([pair.without_suffix - pair.with_suffix for pair in pairs]),
    )


def _measure_one(
    host: Host, gap: HeldOutGap, settings: InfillSettings, generator: random.Random
) -> GapResult:
    store = host.new_store()
    any_order, from_noise = cross_entropies(host, store, gap, settings, generator)
    outcome = answer_of(fill_gaps(host, store, _request(gap, settings)))
    text = outcome.fills[0].texts[0] if outcome.fills else None
    return GapResult(any_order, from_noise, text == gap.answer, text is not None, outcome.nfe)


def cross_entropies(
    host: Host, store: PrefixStore, gap: HeldOutGap, settings: InfillSettings, generator: random.Random
) -> tuple[Pair, Pair]:
    """The two measures of one gap: in any order, and from noise; ``generator`` chooses what is masked.

    ``store`` holds the gap's context afterwards, so that a fill need not read it again.
    """
    plan = plan_request(host, _request(gap, settings))
    blind = encode_context(
        host, gap.text[: gap.start], gap.start, gap.start, gap.path, gap.language, len(plan.context)
    )
    answer = host.tokenizer.encode(gap.answer)
    shown = set(generator.sample(range(len(answer)), generator.randrange(len(answer))))
    any_order: list[float] = []
    from_noise: list[float] = []
    for context, head in ((blind, None), (plan.context, plan.head)):
        for _ in host.prefill(store, context):
            pass
        view = store.view(len(context), 1)
        any_order.append(_cross_entropy(host, view, _canvas(host, plan, len(answer), head), answer, shown))
        from_noise.append(_cross_entropy(host, view, _canvas(host, plan, plan.free[0], head), answer, set()))
    return Pair(*any_order), Pair(*from_noise)


def _request(gap: HeldOutGap, settings: InfillSettings) -> FillRequest:
    return FillRequest(gap.text, (Gap(gap.start, gap.start),), gap.language, gap.path, settings, candidates=1)


def _cross_entropy(host: Host, view: View, canvas: list[int], answer: list[int], shown: set[int]) -> float:
    """Mean nats per token of ``answer`` at the first positions of ``canvas``, but for those that are ``shown``."""
    for position in shown:
        canvas[position] = answer[position]
    logits = host.decode(view, torch.tensor([canvas], device=host.device))[0]
    hidden = [position for position in range(len(answer)) if position not in shown]
    targets = torch.tensor([answer[position] for position in hidden], device=host.device)
    return float(torch.nn.functional.cross_entropy(logits[hidden], targets))


def _canvas(host: Host, plan: Plan, free: int, head: list[int] | None) -> list[int]:
    """A canvas of ``free`` noisy positions and the suffix ``head``, or none."""
    assert host.mask_id is not None, "the measure is for checkpoints that mask"
    canvas = lay_out_canvas([free], [], head, plan.length, at_end=plan.at_end, fill=host.mask_id)
    return canvas.tokens
