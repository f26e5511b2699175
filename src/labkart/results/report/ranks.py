"""Ranks of systems over several data sets: Friedman's test, and Nemenyi's critical difference.

Knows numbers alone, as `paired` does. The distributions are SciPy's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, isfinite, sqrt

import numpy as np

from labkart.language import bilingual
from labkart.results.report.rounding import in_whole_units

FEWEST_SYSTEMS = 3
FEWEST_DATASETS = 3  # of two, chi-squared cannot be unlikely for three systems


@dataclass(frozen=True)
class RankTest:
    """Systems ranked on each data set.

    Attributes:
        ranks: the mean rank of each system; 1 is the best.
        statistic: Friedman's, nearly chi-squared with one degree of freedom less than systems.
        p: of no difference at all; None if there is no test.
        critical_difference: systems whose mean ranks differ by less are not told apart.
        obstacle: why there is no test, in words; empty if there is one.
    """

    ranks: list[float]
    statistic: float | None = None
    p: float | None = None
    critical_difference: float | None = None
    obstacle: str = ""


def mean_ranks(scores: Sequence[Sequence[float]]) -> list[float]:
    """The mean rank of each system; systems with the same score share a rank.

    Args:
        scores: per data set, the score of each system; higher is better.
    """
    from scipy import stats

    ranks = stats.rankdata(-_comparable(scores), axis=1)
    return [float(rank) for rank in ranks.mean(axis=0)]


def friedman(scores: Sequence[Sequence[float]], level: float = 0.95) -> RankTest:
    """Test whether systems differ over data sets, by their ranks on each.

    Friedman (1937), doi:10.1080/01621459.1937.10503522, and the critical difference of Nemenyi
    (1963), as Demšar (2006), Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR
    7, section 3.2.2, describes them for this use. Chi-squared is an approximation, which he calls
    good for more than 10 data sets and 5 systems.

    Args:
        scores: per data set, the score of each system; higher is better.
        level: one less the chance that Nemenyi's test tells equal systems apart.
    """
    from scipy import stats

    datasets, systems = len(scores), len(scores[0]) if scores else 0
    if not datasets or not all(isfinite(score) for row in scores for score in row):
        infinite, none = bilingual("not all values are finite"), bilingual("no data set")
        return RankTest([], obstacle=infinite if datasets else none)
    ranks = mean_ranks(scores)
    if systems < FEWEST_SYSTEMS or datasets < FEWEST_DATASETS:
        obstacle = bilingual(
            "{systems} systems on {datasets} data sets, {fewest_systems} systems on"
            " {fewest_datasets} data sets are needed",
            systems=systems,
            datasets=datasets,
            fewest_systems=FEWEST_SYSTEMS,
            fewest_datasets=FEWEST_DATASETS,
        )
        return RankTest(ranks, obstacle=obstacle)
    values = _comparable(scores)
    if (values == values[:, :1]).all():
        return RankTest(ranks, obstacle=bilingual("all systems are the same on each data set"))
    statistic, p = stats.friedmanchisquare(*values.T)
    difference = critical_difference(systems, datasets, level)
    return RankTest(ranks, float(statistic), float(p), difference)


def critical_difference(systems: int, datasets: int, level: float = 0.95) -> float:
    """The smallest difference of mean ranks that Nemenyi's test calls significant."""
    quantile = _range_quantile(systems, level) / sqrt(2)
    return quantile * sqrt(systems * (systems + 1) / (6 * datasets))


@cache
def _range_quantile(systems: int, level: float) -> float:
    from scipy import stats

    return float(stats.studentized_range.ppf(level, systems, inf))


def cliques(ranks: Sequence[float], difference: float) -> list[tuple[float, float]]:
    """The longest ranges of mean ranks within which no two systems are told apart."""
    ordered = sorted(ranks)
    ranges = list[tuple[float, float]]()
    for low in ordered:
        high = max(rank for rank in ordered if rank - low < difference)
        if high > low and (not ranges or high > ranges[-1][1]):
            ranges.append((low, high))
    return ranges


def _comparable(scores: Sequence[Sequence[float]]) -> np.ndarray:
    """Scores of each data set; those that differ by rounding alone are equal."""
    rows = [in_whole_units(row, max(map(abs, row), default=0.0)) for row in scores]
    return np.array(rows)
