"""Statistics of samples: intervals of means, and Holm's correction. For tests see `paired`.

Knows numbers alone, no records. All distributions are those of SciPy; `scipy.stats`, which takes a
second to import, is imported only where nothing else will do.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from scipy import special

from labkart.records.seeds import are_equal, deviation, mean

LEVEL = 0.95  # the share of the intervals that contain the mean
LEVEL_TEXT = f"{LEVEL:.0%}"
SIGNIFICANT = 1 - LEVEL  # a p-value below it
RESAMPLES = 9999
_AT_ONCE = 1_000_000  # numbers; all resamples of 10,000 items would take 6 GB


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a mean, in the values' own unit."""

    low: float
    high: float


def interval(
    values: Sequence[float], method: str = "t", scale: float | None = None
) -> Interval | None:
    """The confidence interval of a mean; None for less than two values, or for too large ones.

    Args:
        values: one per run, or item.
        method: `t` (Student's, for normally distributed values), or `bootstrap` (bias-corrected and
            accelerated, Efron 1987, doi:10.1080/01621459.1987.10478410: 9,999 resamples, the same
            each time and in whatever order the values are; too narrow for few values).
        scale: the variance of the mean by that of the values, if it is not 1 / n.
    """
    if len(values) < 2 or not isfinite(mean(values) + deviation(values)):
        return None
    if are_equal(values):
        return Interval(values[0], values[0])
    if method == "bootstrap":
        return _bootstrap_interval(values)
    quantile = float(special.stdtrit(len(values) - 1, (1 + LEVEL) / 2))
    half = quantile * deviation(values) * sqrt(scale or 1 / len(values))
    return _finite_interval(mean(values) - half, mean(values) + half)


def _bootstrap_interval(values: Sequence[float]) -> Interval | None:
    """By BCa, or by percentiles where BCa gives none, as it does for some samples of few values."""
    from scipy import stats

    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that BCa gives none
            ends = stats.bootstrap(
                (np.sort(values),),
                np.mean,
                n_resamples=RESAMPLES,
                batch=batch_size(len(values)),
                confidence_level=LEVEL,
                method=method,
                rng=np.random.default_rng(0),
            ).confidence_interval
        if found := _finite_interval(float(ends.low), float(ends.high)):
            return found
    return None


def _finite_interval(low: float, high: float) -> Interval | None:
    return Interval(low, high) if isfinite(low) and isfinite(high) else None


def batch_size(count: int) -> int:
    """How many resamples of so many values are made at once; the result is the same for any."""
    return max(1, _AT_ONCE // count)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Correct the p-values of several tests by Holm (1979); None, where there is no test, stays.

    The chance of at least one false alarm in all of them stays that of one test.
    """
    ordered = sorted((p, index) for index, p in enumerate(ps) if p is not None)
    corrected, highest = list(ps), 0.0
    for rank, (p, index) in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - rank) * p))
        corrected[index] = highest
    return corrected
