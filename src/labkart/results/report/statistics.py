"""Statistics of samples: intervals of means, paired tests, effect sizes, Holm's correction.

Knows numbers alone, no records. All distributions are those of SciPy; `scipy.stats`, which takes a
second to import, is imported only where nothing else will do.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np
from scipy import special

from labkart.records.seeds import deviation, mean

# The smallest numbers of pairs for a test. Of three pairs, two are free to vary; Wilcoxon's p of
# five pairs cannot be below 0.06.
FEWEST = {"t": 3, "wilcoxon": 6}


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a mean, in the values' own unit."""

    low: float
    high: float


@dataclass(frozen=True)
class PairedTest:
    """The result of a paired test of two samples.

    Attributes:
        difference: the mean of the pairs' differences, in the values' own unit.
        interval: of that mean, by Student's t; None for less than two pairs.
        p: two-sided; None if there is no test.
        effect: beside the t-test Cohen's d of the differences (their mean by their standard
            deviation), beside Wilcoxon's test the matched-pairs rank-biserial correlation
            (Kerby 2014, doi:10.2466/11.IT.3.1).
        pairs: the number of pairs.
        obstacle: why there is no test, in words; empty if there is one.
    """

    difference: float
    interval: Interval | None
    p: float | None
    effect: float | None
    pairs: int
    obstacle: str = ""


def interval(values: Sequence[float], method: str = "t", level: float = 0.95) -> Interval | None:
    """The confidence interval of a mean; None for less than two values.

    Args:
        values: one per run.
        method: `t` (Student's, for normally distributed values), or `bootstrap` (percentiles of
            9,999 resamples, the same each time; too narrow for few values).
        level: the share of intervals that contain the mean, between 0 and 1.
    """
    if len(values) < 2 or not isfinite(mean(values) + deviation(values)):
        return None
    if _are_equal(values):
        return Interval(values[0], values[0])
    if method == "bootstrap":
        return _bootstrap_interval(values, level)
    quantile = float(special.stdtrit(len(values) - 1, (1 + level) / 2))
    half = quantile * deviation(values) / sqrt(len(values))
    return Interval(mean(values) - half, mean(values) + half)


def _bootstrap_interval(values: Sequence[float], level: float) -> Interval:
    from scipy import stats

    result = stats.bootstrap(
        (np.asarray(values),),
        np.mean,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    ends = result.confidence_interval
    return Interval(float(ends.low), float(ends.high))


def paired_test(
    sample: Sequence[float], baseline: Sequence[float], test: str = "t", level: float = 0.95
) -> PairedTest:
    """Compare two samples pair by pair, for example seed by seed.

    Args:
        sample: values of the same seeds, or items, as those of the baseline, in the same order.
        baseline: the values to compare with.
        test: `t` (for normally distributed differences), or `wilcoxon` (for symmetric ones).
        level: of the difference's interval.
    """
    differences = [value - base for value, base in zip(sample, baseline, strict=True)]
    count = len(differences)
    if not differences:
        return PairedTest(float("nan"), None, None, None, 0, "no pair")
    center, ends = mean(differences), interval(differences, "t", level)
    if count < FEWEST[test]:
        obstacle = f"{count} pairs, {FEWEST[test]} are needed"
        return PairedTest(center, ends, None, None, count, obstacle)
    if not isfinite(center + deviation(differences)):
        return PairedTest(center, None, None, None, count, "not all values are finite")
    if _are_equal(differences, max(map(abs, (*sample, *baseline)))):
        return PairedTest(center, ends, None, None, count, "all differences are the same")
    if test == "wilcoxon":
        p, effect = _wilcoxon_p(differences), _biserial_correlation(differences)
        return PairedTest(center, ends, p, effect, count)
    effect = center / deviation(differences)
    p = 2 * float(special.stdtr(count - 1, -abs(effect) * sqrt(count)))
    return PairedTest(center, ends, p, effect, count)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct the p-values of several tests by Holm (1979).

    The chance of at least one false alarm in all of them stays that of one test.
    """
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    corrected, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        corrected[index] = highest
    return corrected


def _are_equal(values: Sequence[float], size: float = 0.0) -> bool:
    """Whether values differ only by the rounding of numbers of their size."""
    return max(values) - min(values) <= 1e-12 * max(size, *map(abs, values))


def _wilcoxon_p(differences: Sequence[float]) -> float:
    from scipy import stats

    with warnings.catch_warnings():
        # Of ties: SciPy takes the approximate p then.
        warnings.simplefilter("ignore")
        result: Any = stats.wilcoxon(differences)
    return float(result.pvalue)


def _biserial_correlation(differences: Sequence[float]) -> float:
    from scipy import stats

    nonzero = np.asarray([difference for difference in differences if difference])
    ranks = stats.rankdata(np.abs(nonzero))
    return float((ranks * np.sign(nonzero)).sum() / ranks.sum())
