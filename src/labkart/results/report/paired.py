"""Paired tests of two samples: which there are, what they assume, and their effect sizes.

Knows numbers alone. The distributions are SciPy's, as in `statistics`.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from labkart.language import bilingual
from labkart.records.seeds import are_equal, deviation, mean
from labkart.results.report.rounding import in_whole_units
from labkart.results.report.statistics import (
    RESAMPLES,
    SIGNIFICANT,
    Interval,
    batch_size,
    interval,
)

# Up to so many pairs all signs of the differences are listed, which takes care of ties.
# `stats.wilcoxon` would do the same, forty times as slowly.
_FEW = 13


@dataclass(frozen=True)
class PairedTest:
    """The result of a paired test of two samples."""

    difference: float = nan  # the mean of the pairs' differences, in the values' own unit
    interval: Interval | None = None  # of that mean; None for less than two pairs
    p: float | None = None  # two-sided; None if there is no test
    effect: float | None = None  # its size, as `TESTS` names it
    pairs: int = 0
    obstacle: str = ""  # why there is no test, in words; empty if there is one
    plain_p: float | None = None  # for folds, the p-value of a test that takes them for independent

    @property
    def is_overstated(self) -> bool:
        """Whether only a test that takes folds for independent finds a difference."""
        return self.plain_p is not None and self.plain_p < SIGNIFICANT <= (self.p or 0.0)


class Effect(NamedTuple):
    """An effect size."""

    symbol: str  # in the head of a table
    name: str  # of its column in the CSV file
    words: str  # what it is


class TestKind(NamedTuple):
    """A paired test."""

    words: str  # what it is, what it assumes, and its source
    effect: Effect  # the effect size that belongs to it
    # The smallest number of pairs that can tell anything; for all but the t-test, of pairs that
    # differ.
    fewest: int
    # The p-value and the effect size of differences.
    evaluate: Callable[[np.ndarray], tuple[float, float | None]]


def paired_test(
    sample: Sequence[float],
    baseline: Sequence[float],
    test: str = "t",
    interval_method: str = "t",
    folds: int = 0,
) -> PairedTest:
    """Compare two samples pair by pair, for example seed by seed.

    Args:
        sample: values of the same seeds, or items, as those of the baseline, in the same order.
        baseline: the values to compare with.
        test: one of `TESTS`.
        interval_method: that of the interval of the difference, see `statistics.interval`.
        folds: into how many folds a cross-validation divided its data, if the pairs are runs on
            them; their training data overlap, for which a t-test is corrected.
    """
    size = max(map(abs, (*sample, *baseline)), default=0.0)
    differences = [value - base for value, base in zip(sample, baseline, strict=True)]
    count = len(differences)
    if not differences:
        return PairedTest(obstacle=bilingual("no pair"))
    center = mean(differences)
    if not isfinite(center + deviation(differences) if count > 1 else center):
        infinite = bilingual("not all values are finite")
        return PairedTest(center, pairs=count, obstacle=infinite)
    if are_equal(differences, size):
        center = 0.0 if are_equal([0.0, center], size) else center
        differences = [center] * count
    scale = _variance_of_mean(count, folds)
    ends = interval(differences, "t" if folds else interval_method, scale)
    result = PairedTest(center, ends, pairs=count)
    if test != "t":
        differences = in_whole_units(differences, size)
    if obstacle := _obstacle(test, {*sample, *baseline}, differences, size):
        return replace(result, obstacle=obstacle)
    p, effect = TESTS[test].evaluate(np.asarray(differences))
    if not folds or test != "t":
        return replace(result, p=p, effect=effect)
    t = center / (deviation(differences) * sqrt(scale))
    return replace(result, p=_two_sided_p(t, count), effect=effect, plain_p=p)


def _variance_of_mean(pairs: int, folds: int) -> float:
    """The variance of a mean of differences by that of one difference.

    Over the folds of a cross-validation it is 1 / n and the size of a test part by that of a
    training part: Nadeau and Bengio (2003), Inference for the Generalization Error, section 5,
    doi:10.1023/A:1024068626366.
    """
    return 1 / pairs + 1 / (folds - 1) if folds else 1 / pairs


def _obstacle(name: str, values: set[float], differences: list[float], size: float) -> str:
    """Why a test cannot be made of some differences; empty if it can."""
    if name == "mcnemar" and not values <= {0.0, 1.0}:
        return bilingual(
            "McNemar's test needs values of 0 and 1; the permutation test takes others, too, such"
            " as means over several runs"
        )
    different = [value for value in differences if value]
    is_constant = are_equal(differences, size) if name == "t" else not different
    if is_constant and len(differences) > 1:
        return bilingual("all differences are the same")
    counted, fewest = differences if name == "t" else different, TESTS[name].fewest
    if len(counted) >= fewest:
        return ""
    if name == "t":
        return bilingual(
            "too few pairs, {count} of at least {fewest}", count=len(counted), fewest=fewest
        )
    return bilingual(
        "too few pairs that differ, {count} of at least {fewest}", count=len(counted), fewest=fewest
    )


def _t(differences: np.ndarray) -> tuple[float, float | None]:
    effect = _standardized(differences)
    return _two_sided_p(effect * sqrt(len(differences)), len(differences)), effect


def _two_sided_p(t: float, count: int) -> float:
    return 2 * float(special.stdtr(count - 1, -abs(t)))


def _standardized(differences: np.ndarray) -> float:
    return mean(list(differences)) / deviation(list(differences))


def _wilcoxon(differences: np.ndarray) -> tuple[float, float | None]:
    from scipy import stats

    nonzero = differences[differences != 0]
    ranks = stats.rankdata(np.abs(nonzero))
    signed = ranks * np.sign(nonzero)
    effect = float(signed.sum() / ranks.sum())
    if len(nonzero) <= _FEW:
        return _exchanged_signs(signed), effect
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ties: SciPy takes the approximate p then
        result: Any = stats.wilcoxon(nonzero)
    return float(result.pvalue), effect


def _permutation(differences: np.ndarray) -> tuple[float, float | None]:
    nonzero = differences[differences != 0]  # the sign of 0 changes nothing
    effect = None if are_equal(list(differences)) else _standardized(differences)
    return _exchanged_signs(nonzero), effect


def _exchanged_signs(values: np.ndarray) -> float:
    """The p-value of a sum of values whose signs are exchanged: in all ways, or in many."""
    from scipy import stats

    result = stats.permutation_test(
        (np.sort(values),),
        np.sum,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        batch=batch_size(len(values)),
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def _mcnemar(differences: np.ndarray) -> tuple[float, float | None]:
    from scipy import stats

    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    p = float(stats.binomtest(better, better + worse).pvalue)
    return p, better / (better + worse) - 0.5


_D_Z = Effect(
    "d_z",
    "d_z",
    bilingual(
        "Cohen's d_z, the mean difference by the standard deviation of the differences"
        " (Lakens 2013, doi:10.3389/fpsyg.2013.00863)"
    ),
)
_RANK_BISERIAL = Effect(
    "r",
    "rank_biserial_r",
    bilingual("the matched-pairs rank-biserial correlation (Kerby 2014, doi:10.2466/11.IT.3.1)"),
)
_G = Effect(
    "g",
    "cohens_g",
    bilingual("Cohen's g (1988), the share of better ones among those that differ, less one half"),
)

TESTS = {
    "t": TestKind(
        bilingual(
            "two-sided paired t-test (Student 1908, doi:10.1093/biomet/6.1.1), which assumes"
            " normally distributed differences"
        ),
        _D_Z,
        3,  # of three pairs two are free to vary
        _t,
    ),
    "wilcoxon": TestKind(
        bilingual(
            "two-sided signed-rank test (Wilcoxon 1945, doi:10.2307/3001968), which assumes"
            " symmetric differences"
        ),
        _RANK_BISERIAL,
        6,  # of five p cannot be below 0.06; so it is for the next two
        _wilcoxon,
    ),
    "permutation": TestKind(
        bilingual(
            "two-sided randomisation test of the mean difference: its signs are exchanged"
            " in all ways, or in {count:,} of many (Fisher 1935)",
            count=RESAMPLES,
        ),
        _D_Z,
        6,
        _permutation,
    ),
    "mcnemar": TestKind(
        bilingual(
            "two-sided exact test of right and wrong items (McNemar 1947, doi:10.1007/BF02295996)"
        ),
        _G,
        6,
        _mcnemar,
    ),
}
