"""What samples allow to be said: intervals of means, paired tests, effect sizes, many tests at once. Reads no record.

All distributions are those of scipy; `scipy.stats`, a second to import, is asked where nothing else will do.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np
from scipy import special

from labkart.records.seeds import deviation, mean

INTERVALS = ("t", "bootstrap")
TESTS = ("t", "wilcoxon")

# Fewer pairs than these are no basis: of three, two are free to vary; Wilcoxon's p of five cannot be below 0.06.
FEWEST = {"t": 3, "wilcoxon": 6}


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a mean, in the values' own unit."""

    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """What a paired test says of two samples.

    Attributes:
        difference: the mean of the pairs' differences, in the values' own unit.
        interval: of that mean, by Student's t; nothing for less than two pairs.
        p: two-sided; nothing where there is no test.
        effect: Cohen's d of the differences (their mean by their standard deviation) beside the t-test, and beside
            Wilcoxon's the matched-pairs rank-biserial correlation (Kerby 2014, doi:10.2466/11.IT.3.1).
        pairs: how many there are.
        why: what forbids a test, in words; empty where there is one.
    """

    difference: float
    interval: Interval | None
    p: float | None
    effect: float | None
    pairs: int
    why: str = ""


def interval(values: Sequence[float], method: str = "t", level: float = 0.95) -> Interval | None:
    """The confidence interval of a mean; nothing for less than two values.

    Args:
        values: one a run.
        method: `t` (Student's, the values are normal), or `bootstrap` (percentiles of 9,999 resamples, the same each
            time; too narrow for few values).
        level: the share of intervals that hold the mean, between 0 and 1.
    """
    if len(values) < 2 or not isfinite(mean(values) + deviation(values)):
        return None
    if _are_same(values):
        return Interval(values[0], values[0])
    if method == "bootstrap":
        from scipy import stats

        found = stats.bootstrap(
            (np.asarray(values),),
            np.mean,
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        return Interval(float(found.low), float(found.high))
    half = (
        float(special.stdtrit(len(values) - 1, (1 + level) / 2))
        * deviation(values)
        / sqrt(len(values))
    )
    return Interval(mean(values) - half, mean(values) + half)


def paired(
    sample: Sequence[float], baseline: Sequence[float], test: str = "t", level: float = 0.95
) -> Paired:
    """Compare two samples pair by pair, for example seed by seed.

    Args:
        sample, baseline: values of the same seeds, or items, in the same order.
        test: `t` (the differences are normal), or `wilcoxon` (their distribution is symmetric).
        level: of the difference's interval.
    """
    differences = [one - other for one, other in zip(sample, baseline, strict=True)]
    if not differences:
        return Paired(float("nan"), None, None, None, 0, "no pair")
    center, count = mean(differences), len(differences)
    around = interval(differences, "t", level)
    if count < FEWEST[test]:
        return Paired(
            center, around, None, None, count, f"{count} pairs, {FEWEST[test]} are needed"
        )
    if not isfinite(center + deviation(differences)):
        return Paired(center, None, None, None, count, "not all values are finite")
    if _are_same(differences, max(map(abs, (*sample, *baseline)))):
        return Paired(center, around, None, None, count, "all differences are the same")
    if test == "wilcoxon":
        from scipy import stats

        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of an exact p among ties; scipy takes the approximate one then
            found: Any = stats.wilcoxon(differences)
        return Paired(center, around, float(found.pvalue), _biserial(differences), count)
    effect = center / deviation(differences)
    p = 2 * float(special.stdtr(count - 1, -abs(effect) * sqrt(count)))
    return Paired(center, around, p, effect, count)


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values of a family of tests as Holm (1979) corrects them: the chance of one false alarm in all stays."""
    order = sorted(range(len(ps)), key=lambda at: ps[at])
    corrected, highest = [0.0] * len(ps), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[at]))
        corrected[at] = highest
    return corrected


def _are_same(values: Sequence[float], size: float = 0.0) -> bool:
    """Whether values differ in nothing but the rounding of numbers of their size."""
    return max(values) - min(values) <= 1e-12 * max(size, *map(abs, values))


def _biserial(differences: Sequence[float]) -> float:
    from scipy import stats

    moved = np.asarray([each for each in differences if each])
    ranks = stats.rankdata(np.abs(moved))
    return float((ranks * np.sign(moved)).sum() / ranks.sum())
