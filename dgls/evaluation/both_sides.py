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
from msgspec.structs import replace

from dgls.config import InfillSettings
from dgls.evaluation.case import Case
from dgls.evaluation.likelihood import decoder_nats
from dgls.evaluation.statistics import Interval, mean_interval, wilson_interval
from dgls.infill.canvas import Plan, plan_request
from dgls.infill.context import encode_context
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.layout import lay_out_canvas
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore
from dgls.training.corpus import Document
from dgls.training.gaps import sample_gap

LONGEST_GAP = 24
"""Tokens of a gap's text at most, so that it fits into the usual free positions with room to spare."""


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


def cut_gaps(documents: Sequence[Document], count: int, host: Host, seed: int) -> list[Case]:
    """``count`` gaps of the training mix from ``documents``, spread evenly over them; the same for the same seed."""
    generator = random.Random(seed)
    gaps: list[Case] = []
    tries = 0
    while len(gaps) < count and tries < 50 * count:
        document = documents[tries % len(documents)]
        tries += 1
        gap = sample_gap(document, 0, len(document.text), LONGEST_GAP * 4, generator)
        if gap is None:
            continue
        answer = document.text[gap.start : gap.end]
        if answer.strip() and len(host.tokenizer.encode(answer)) <= LONGEST_GAP:
            name = f"{document.package}/{document.name}:{gap.start}-{gap.end}"
            before, after = document.text[: gap.start], document.text[gap.end :]
            gaps.append(Case(name, document.language, document.name, gap.kind, before, after, answer))
    return gaps


def measure(
    host: Host, gaps: Sequence[Case], settings: InfillSettings, report: Callable[[int], None]
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


def _measure_one(host: Host, gap: Case, settings: InfillSettings, generator: random.Random) -> GapResult:
    store = host.new_store()
    any_order, from_noise = cross_entropies(host, store, gap, settings, generator)
    outcome = answer_of(fill_gaps(host, store, replace(gap.request(settings), candidates=1)))
    text = outcome.fills[0].texts[0] if outcome.fills else None
    return GapResult(any_order, from_noise, text == gap.answer, text is not None, outcome.nfe)


def cross_entropies(
    host: Host, store: PrefixStore, gap: Case, settings: InfillSettings, generator: random.Random
) -> tuple[Pair, Pair]:
    """The two measures of one gap: in any order, and from noise; ``generator`` chooses what is masked.

    ``store`` holds the gap's context afterwards, so that a fill need not read it again.
    """
    plan = plan_request(host, gap.request(settings))
    cursor = len(gap.prefix)
    before = FillRequest(gap.prefix, (Gap(cursor, cursor),), gap.language, gap.path)
    blind = encode_context(host, before, cursor, len(plan.context))
    answer = host.tokenizer.encode(gap.answer)
    all_hidden = torch.ones((1, len(answer)), dtype=torch.bool)
    some_hidden = all_hidden.clone()
    some_hidden[0, generator.sample(range(len(answer)), generator.randrange(len(answer)))] = False
    any_order: list[float] = []
    from_noise: list[float] = []
    for context, head in ((blind, None), (plan.context, plan.head)):
        for _ in host.prefill(store, context):
            pass
        view = store.view(len(context), 1)
        exact, roomy = _canvas(host, plan, len(answer), head), _canvas(host, plan, plan.free[0], head)
        any_order.append(float(decoder_nats(host, view, exact, answer, some_hidden)))
        from_noise.append(float(decoder_nats(host, view, roomy, answer, all_hidden)))
    return Pair(*any_order), Pair(*from_noise)


def _canvas(host: Host, plan: Plan, free: int, head: list[int] | None) -> list[int]:
    """A canvas of ``free`` noisy positions and the suffix ``head``, or none."""
    assert host.mask_id is not None, "the measure is for checkpoints that mask"
    canvas = lay_out_canvas([free], [], head, plan.length, at_end=plan.at_end, fill=host.mask_id)
    return canvas.tokens
