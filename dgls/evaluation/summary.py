"""All results of a measurement together: each variant in all, by groups of cases, and against the default."""

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import msgspec

from dgls.evaluation.case import LENGTHS, Case
from dgls.evaluation.judging import FillResult
from dgls.evaluation.measuring import CaseResult
from dgls.evaluation.statistics import Interval, mcnemar_p, mean_interval, wilson_interval
from dgls.evaluation.variants import DEFAULT, Variant

Dimension = Literal["language", "kind", "length"]


class Summary(msgspec.Struct, frozen=True):
    """One variant over some cases. ``pass_at_1`` is None without tests, what a model costs where none ran."""

    cases: int
    pass_at_1: Interval | None
    exact: Interval
    similarity: float
    parses: Interval
    parses_empty: Interval
    parses_above_empty: float
    offered: Interval
    shortened: Interval
    """The share for which only the beginning of what was denoised is offered."""
    nfe_per_fill: float | None
    tokens_per_nfe: float | None
    context: float | None
    """Tokens that the encoder read, the mean."""
    p50_ms: float | None
    p95_ms: float | None
    outcomes: dict[str, int]


class Group(msgspec.Struct, frozen=True):
    """One variant over the cases that have ``value`` in a ``dimension``."""

    dimension: Dimension
    value: str
    summary: Summary


class Paired(msgspec.Struct, frozen=True):
    """One variant against the default on the same cases.

    ``better`` cases succeed in this variant alone, ``worse`` ones in the default alone, where success is to pass the
    tests or else an exact match; ``p`` is McNemar's. ``similarity`` is the mean difference, None for a single case.
    """

    better: int
    worse: int
    p: float
    similarity: Interval | None


class Row(msgspec.Struct, frozen=True):
    """One variant; ``against_default`` is None for the default itself."""

    variant: Variant
    summary: Summary
    groups: list[Group]
    against_default: Paired | None


class Likelihood(msgspec.Struct, frozen=True):
    """Nats per token of the answers of ``cases`` cases.

    ``difference`` is from left to right minus in any order, paired: above zero, denoising finds the answers likelier.
    """

    cases: int
    any_order: Interval
    left_to_right: Interval
    difference: Interval


class OtherContext(msgspec.Struct, frozen=True):
    """Nats per token of the answers of ``cases`` cases where a variant reads another context than the default.

    The gains are the default's nats minus the variant's, paired: above zero, the variant finds the answers likelier.
    """

    variant: str
    cases: int
    any_order: Interval
    any_order_gain: Interval
    left_to_right: Interval
    left_to_right_gain: Interval


def summarise(variants: Sequence[Variant], cases: Sequence[Case], results: Sequence[CaseResult]) -> list[Row]:
    """One row per variant over ``results``, which belong to ``cases`` one by one, one at least."""
    default = [result.fills[DEFAULT] for result in results]
    rows = []
    for variant in variants:
        fills = [result.fills[variant.name] for result in results]
        judged = [_Judged(*each) for each in zip(cases, results, fills, strict=True)]
        paired = None if variant.name == DEFAULT else _compare(judged, default)
        rows.append(Row(variant, _summary(judged), _groups(judged), paired))
    return rows


def compare_likelihoods(results: Sequence[CaseResult]) -> Likelihood | None:
    """The likelihoods of all answers that have some; None where fewer than two have."""
    nats = [result.nats for result in results if result.nats is not None]
    if len(nats) < 2:
        return None
    return Likelihood(
        len(nats),
        mean_interval([pair.any_order for pair in nats]),
        mean_interval([pair.left_to_right for pair in nats]),
        mean_interval([pair.left_to_right - pair.any_order for pair in nats]),
    )


def compare_contexts(variants: Sequence[Variant], results: Sequence[CaseResult]) -> list[OtherContext]:
    """The likelihoods of those ``variants`` that read another context than the default."""
    compared = []
    for name in (variant.name for variant in variants):
        pairs = [
            (result.nats, result.other_nats[name])
            for result in results
            if result.nats is not None and name in result.other_nats
        ]
        if len(pairs) > 1:
            compared.append(
                OtherContext(
                    name,
                    len(pairs),
                    mean_interval([own.any_order for _, own in pairs]),
                    mean_interval([default.any_order - own.any_order for default, own in pairs]),
                    mean_interval([own.left_to_right for _, own in pairs]),
                    mean_interval([default.left_to_right - own.left_to_right for default, own in pairs]),
                )
            )
    return compared


class _Judged(NamedTuple):
    """A case, what is known of it, and one variant's fill."""

    case: Case
    result: CaseResult
    fill: FillResult

    def succeeds(self, fill: FillResult) -> bool:
        return fill.exact if self.case.tests is None else fill.outcome == "passed"


def _summary(judged: Sequence[_Judged]) -> Summary:
    count = len(judged)
    fills = [each.fill for each in judged]
    costs = [fill.completion for fill in fills]
    times = sorted(cost.milliseconds for cost in costs)
    nfe = sum(cost.nfe for cost in costs)
    outcomes = [each.fill.outcome or "not offered" for each in judged if each.case.tests is not None]

    def share(successes: Sequence[bool]) -> Interval:
        return wilson_interval(sum(successes), count)

    parsing = share([fill.parses for fill in fills])
    parsing_empty = share([each.result.parses_empty for each in judged])
    return Summary(
        cases=count,
        pass_at_1=share([outcome == "passed" for outcome in outcomes]) if outcomes else None,
        exact=share([fill.exact for fill in fills]),
        similarity=statistics.fmean(fill.similarity for fill in fills),
        parses=parsing,
        parses_empty=parsing_empty,
        parses_above_empty=parsing.estimate - parsing_empty.estimate,
        offered=share([cost.text is not None for cost in costs]),
        shortened=share([cost.shortened for cost in costs]),
        nfe_per_fill=nfe / count if nfe else None,
        tokens_per_nfe=sum(cost.tokens for cost in costs) / nfe if nfe else None,
        context=statistics.fmean(cost.context for cost in costs) if nfe else None,
        p50_ms=times[(count - 1) // 2] if nfe else None,
        p95_ms=times[-(-95 * count // 100) - 1] if nfe else None,
        outcomes={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
    )


def _groups(judged: Sequence[_Judged]) -> list[Group]:
    """The summaries by each dimension in which the cases differ; lengths ascend, others stand as the cases came."""
    groups: list[Group] = []
    for dimension in get_args(Dimension):
        members: dict[str, list[_Judged]] = {name: [] for _, name in LENGTHS if dimension == "length"}
        for each in judged:
            members.setdefault(getattr(each.case, dimension), []).append(each)
        found = [Group(dimension, value, _summary(those)) for value, those in members.items() if those]
        groups += found if len(found) > 1 else []
    return groups


def _compare(judged: Sequence[_Judged], default: Sequence[FillResult]) -> Paired:
    """``default`` are the default's fills of the same cases, in the same order."""
    pairs = [
        (each.succeeds(each.fill), each.succeeds(other)) for each, other in zip(judged, default, strict=True)
    ]
    better, worse = pairs.count((True, False)), pairs.count((False, True))
    differences = [
        each.fill.similarity - other.similarity for each, other in zip(judged, default, strict=True)
    ]
    similarity = mean_interval(differences) if len(pairs) > 1 else None
    return Paired(better, worse, mcnemar_p(better, worse), similarity)
