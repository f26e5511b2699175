"""Systems over all data sets of a report: their mean ranks, and the test of those.

Friedman's test, and Nemenyi's critical difference; of two systems, Wilcoxon's test. The
distributions are SciPy's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, sqrt

import numpy as np

from labkart.language import bilingual
from labkart.records.direction import Direction, Directions
from labkart.records.seeds import Settings
from labkart.results.report.config import ReportConfig
from labkart.results.report.datasets import DataSets
from labkart.results.report.line import Line
from labkart.results.report.paired import PairedTest, paired_test
from labkart.results.report.rounding import in_whole_units
from labkart.results.report.statistics import LEVEL

FEWEST_SYSTEMS = 3
FEWEST_DATASETS = 3  # of two, chi-squared cannot be unlikely for three systems


@dataclass(frozen=True)
class RankTest:
    """Friedman's test of systems that are ranked on each data set."""

    # Friedman's, nearly chi-squared with one degree of freedom less than systems.
    statistic: float = 0.0
    p: float | None = None  # of no difference at all; None if there is no test
    # Systems whose mean ranks differ by less are not told apart.
    critical_difference: float | None = None
    obstacle: str = ""  # why there is no test, in words; empty if there is one


@dataclass
class Overall:
    """What a metric says of the systems over all data sets."""

    metric: str
    systems: list[Settings]  # those with a finite mean on every data set, the best mean rank first
    ranks: list[float]  # the mean rank of each system; 1 is the best
    datasets: list[str]  # the names of the data sets
    left_out: list[Settings]  # the systems without a finite mean on every data set
    # Friedman's; or of two systems, Wilcoxon's of their means, paired over the data sets.
    test: RankTest | PairedTest = RankTest()
    p: float | None = None  # of the test, corrected for all primary metrics if this is one of them

    @property
    def critical_difference(self) -> float | None:
        """Nemenyi's; None without Friedman's test."""
        return self.test.critical_difference if isinstance(self.test, RankTest) else None


def compare_systems(
    config: ReportConfig,
    datasets: DataSets,
    lines: Mapping[str, Sequence[Line]],
    directions: Directions,
) -> list[Overall]:
    """The systems over all data sets, for each metric whose direction is known.

    Args:
        config: the report.
        datasets: at least two; of fewer there is nothing to say.
        lines: by metric, those of all groups.
        directions: which values are better.
    """
    if len(datasets.names) < 2:
        return []
    overalls = [
        _overall(config, datasets, metric, lines[metric], directions.of(metric))
        for metric in lines
        if directions.of(metric)
    ]
    return [overall for overall in overalls if overall.systems]


def _overall(
    config: ReportConfig,
    datasets: DataSets,
    metric: str,
    lines: Sequence[Line],
    direction: Direction,
) -> Overall:
    means = _means(datasets, lines)
    complete = [system for system in means if len(means[system]) == len(datasets.names)]
    incomplete = [dict(system) for system in means if system not in complete]
    rows = [[means[system][name] for system in complete] for name in datasets.names]
    scores = direction * np.array(rows)
    ranked = sorted(zip(mean_ranks(scores), complete, strict=True)) if complete else []
    systems = [system for _, system in ranked]
    overall = Overall(
        metric,
        [dict(system) for system in systems],
        [rank for rank, _ in ranked],
        datasets.names,
        incomplete,
    )
    if config.test == "none":
        return overall
    if len(systems) == 2:
        first, second = ([means[system][name] for name in datasets.names] for system in systems)
        overall.test = paired_test(first, second, "wilcoxon", config.interval)
    else:
        overall.test = friedman(scores)
    return overall


def _means(
    datasets: DataSets, lines: Sequence[Line]
) -> dict[tuple[tuple[str, str], ...], dict[str, float]]:
    """The finite means of a metric, by the settings of the system and by data set."""
    means: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for line in lines:
        of_system = means.setdefault(tuple(datasets.system(line.group).items()), {})
        if line.finite_mean is not None:
            of_system[line.group.settings[datasets.setting]] = line.finite_mean
    return means


def mean_ranks(scores: np.ndarray) -> list[float]:
    """The mean rank of each system; systems with the same score share a rank.

    Args:
        scores: a row per data set and a column per system; higher is better.
    """
    from scipy import stats

    ranks = stats.rankdata(-_comparable(scores), axis=1)
    return [float(rank) for rank in ranks.mean(axis=0)]


def friedman(scores: np.ndarray) -> RankTest:
    """Test whether systems differ over data sets, by their ranks on each.

    Friedman (1937), doi:10.1080/01621459.1937.10503522, and the critical difference of Nemenyi
    (1963), as Demšar (2006), Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR
    7, section 3.2.2, describes them for this use. Chi-squared is an approximation, which he calls
    good for more than 10 data sets and 5 systems.

    Args:
        scores: a row per data set and a column per system, all finite; higher is better.
    """
    from scipy import stats

    datasets, systems = scores.shape
    if systems < FEWEST_SYSTEMS or datasets < FEWEST_DATASETS:
        obstacle = bilingual(
            "{systems} systems on {datasets} data sets, {fewest_systems} systems on"
            " {fewest_datasets} data sets are needed",
            systems=systems,
            datasets=datasets,
            fewest_systems=FEWEST_SYSTEMS,
            fewest_datasets=FEWEST_DATASETS,
        )
        return RankTest(obstacle=obstacle)
    values = _comparable(scores)
    if (values == values[:, :1]).all():
        return RankTest(obstacle=bilingual("all systems are the same on each data set"))
    statistic, p = stats.friedmanchisquare(*values.T)
    return RankTest(float(statistic), float(p), critical_difference(systems, datasets))


def critical_difference(systems: int, datasets: int) -> float:
    """The smallest difference of mean ranks that Nemenyi's test calls significant."""
    return _range_quantile(systems) / sqrt(2) * sqrt(systems * (systems + 1) / (6 * datasets))


@cache
def _range_quantile(systems: int) -> float:
    from scipy import stats

    return float(stats.studentized_range.ppf(LEVEL, systems, inf))


def cliques(ranks: Sequence[float], difference: float) -> list[tuple[float, float]]:
    """The longest ranges of mean ranks within which no two systems are told apart."""
    ordered = sorted(ranks)
    ranges = list[tuple[float, float]]()
    for low in ordered:
        high = max(rank for rank in ordered if rank - low < difference)
        if high > low and (not ranges or high > ranges[-1][1]):
            ranges.append((low, high))
    return ranges


def _comparable(scores: np.ndarray) -> np.ndarray:
    """Scores of each data set; those that differ by rounding alone are equal."""
    return np.array([in_whole_units(row, max(abs(row), default=0.0)) for row in scores])
