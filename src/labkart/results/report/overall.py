"""Systems over all data sets of a report: their mean ranks, and the test of those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkart.language import bilingual
from labkart.records.direction import Direction, Directions
from labkart.records.seeds import Settings
from labkart.results.report import paired, ranks, statistics
from labkart.results.report.config import ReportConfig
from labkart.results.report.datasets import DataSets
from labkart.results.report.line import Line
from labkart.results.report.paired import PairedTest
from labkart.results.report.ranks import RankTest
from labkart.results.report.statistics import IntervalKind

_System = tuple[tuple[str, str], ...]  # its settings, as a key


@dataclass
class Overall:
    """What a metric says of the systems over all data sets.

    Attributes:
        metric: its name.
        systems: those with a finite mean on every data set, the best mean rank first.
        ranks: the mean rank of each system; 1 is the best.
        datasets: the names of the data sets.
        left_out: the systems without a finite mean on every data set.
        test: of three systems or more, Friedman's.
        pair: of two systems, Wilcoxon's test of their means, paired over the data sets.
        p: of the test, corrected for all primary metrics if this is one of them.
    """

    metric: str
    systems: list[Settings]
    ranks: list[float]
    datasets: list[str]
    left_out: list[Settings]
    test: RankTest | None = None
    pair: PairedTest | None = None
    p: float | None = None

    @property
    def obstacle(self) -> str:
        """Why there is no test, in words; empty if there is one."""
        result = self.test or self.pair
        if result:
            return result.obstacle
        return bilingual("fewer than two systems have a mean on each data set")

    @property
    def raw_p(self) -> float | None:
        """The p-value before any correction."""
        result = self.test or self.pair
        return result.p if result else None

    @property
    def critical_difference(self) -> float | None:
        """Nemenyi's; None without Friedman's test."""
        return self.test.critical_difference if self.test else None


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
    overalls = list[Overall]()
    for metric in lines if len(datasets.names) > 1 else ():
        scores = _Scores.of(datasets, lines[metric], directions.of(metric))
        if scores.direction and scores.complete:
            overalls.append(_overall(config, metric, scores))
    for overall in overalls:
        overall.p = overall.raw_p
    primary = config.primary_of(lines)
    family = [overall for overall in overalls if overall.metric in primary]
    corrected = statistics.holm([overall.p for overall in family])
    for overall, p in zip(family, corrected, strict=True):
        overall.p = p
    return overalls


@dataclass(frozen=True)
class _Scores:
    """The means of systems by data set."""

    datasets: list[str]
    means: dict[_System, dict[str, float]]
    direction: Direction

    @classmethod
    def of(cls, datasets: DataSets, lines: Sequence[Line], direction: Direction) -> "_Scores":
        means: dict[_System, dict[str, float]] = {}
        for line in lines:
            system = tuple(datasets.system(line.group).items())
            of_system = means.setdefault(system, {})
            if line.finite_mean is not None:
                of_system[line.group.settings[datasets.setting]] = line.finite_mean
        return cls(datasets.names, means, direction)

    @property
    def complete(self) -> list[_System]:
        """The systems with a mean on every data set, the best mean rank first."""
        systems = [name for name, means in self.means.items() if len(means) == len(self.datasets)]
        if not systems:
            return []
        mean_ranks = ranks.mean_ranks(self._matrix(systems))
        return [system for _, system in sorted(zip(mean_ranks, systems, strict=True))]

    def _matrix(self, systems: Sequence[_System]) -> list[list[float]]:
        return [
            [self.direction * self.means[system][name] for system in systems]
            for name in self.datasets
        ]

    @property
    def matrix(self) -> list[list[float]]:
        """Per data set, the scores of the complete systems; higher is better."""
        return self._matrix(self.complete)


def _overall(config: ReportConfig, metric: str, scores: _Scores) -> Overall:
    systems = scores.complete
    overall = Overall(
        metric,
        [dict(system) for system in systems],
        ranks.mean_ranks(scores.matrix),
        scores.datasets,
        [dict(system) for system in scores.means if system not in systems],
    )
    if config.test == "none":
        return overall
    if len(systems) > 2:
        overall.test = ranks.friedman(scores.matrix, config.level)
    elif len(systems) == 2:
        first, second = (
            [scores.means[system][name] for name in scores.datasets] for system in systems
        )
        kind = IntervalKind(config.interval, config.level)
        overall.pair = paired.paired_test(first, second, "wilcoxon", kind)
    return overall
