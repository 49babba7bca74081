"""Intervals and tests: how far a measured mean, share or difference can be trusted."""

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction

import msgspec

Z_95 = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


class Interval(msgspec.Struct, frozen=True):
    """An estimate with the bounds of its 95 % interval."""

    estimate: float
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of ``values`` (two at least) with its normal 95 % interval."""
    mean = statistics.fmean(values)
    margin = Z_95 * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - margin, mean + margin)


def wilson_interval(successes: int, trials: int) -> Interval:
    """The share of ``successes`` with its 95 % score interval (Wilson, 1927)."""
    if trials < 1:
        raise ValueError("a share needs at least one trial")
    share = successes / trials
    spread = Z_95**2 / trials
    centre = (share + spread / 2) / (1 + spread)
    margin = Z_95 / (1 + spread) * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    return Interval(share, max(0.0, centre - margin), min(1.0, centre + margin))


def mcnemar_p(only_first: int, only_second: int) -> float:
    """How likely chance alone parts two shares of the same cases so far: McNemar's exact test, two-sided.

    ``only_first`` cases succeeded the first way alone, ``only_second`` the second way alone.
    """
    trials = only_first + only_second
    tail = sum(math.comb(trials, count) for count in range(min(only_first, only_second) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**trials)))
