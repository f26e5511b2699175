"""A report's numbers: groups of experiments beside each other, with means, intervals and tests.

Reads records and writes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain

from labkart import project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.direction import Direction
from labkart.records.seeds import Group, Ranking
from labkart.records.values import value
from labkart.results.report import paired, rounding, statistics
from labkart.results.report.config import ReportConfig
from labkart.results.report.datasets import DataSets, baselines, with_setting_first
from labkart.results.report.items import Items
from labkart.results.report.line import Line
from labkart.results.report.overall import Overall, compare_systems
from labkart.results.report.paired import Effect, Folds
from labkart.results.report.pairs import Pair, Pairing, correct_for_many_tests
from labkart.results.report.statistics import IntervalKind
from labkart.wording import did_you_mean


@dataclass
class ReportTable:
    """All numbers of a report.

    Attributes:
        config: what the report shows.
        ranking: how its groups are ranked.
        groups: the groups, best first.
        settings: the names of the settings that differ between the groups.
        datasets: the groups by data set.
        lines: by metric, a line per group: data set by data set, the best first.
        pairs: by metric, the pairs of groups that are tested.
        overalls: what the metrics say of systems over several data sets.
        baselines: the group of each data set that the others are compared with.
        test_count: the number of tests.
        unseeded: the ids of the experiments that were run once, beside others with seeds.
    """

    config: ReportConfig
    ranking: Ranking
    groups: list[Group]
    settings: list[str]
    datasets: DataSets
    lines: dict[str, list[Line]] = field(default_factory=dict)
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    overalls: Sequence[Overall] = ()
    baselines: Sequence[Group] = ()
    test_count: int = 0
    unseeded: Collection[str] = ()

    @property
    def has_tests(self) -> bool:
        """Whether the groups are tested against a baseline."""
        return bool(self.baselines) and self.config.test != "none"

    @property
    def interval_kind(self) -> IntervalKind:
        """Which confidence intervals it has."""
        return IntervalKind(self.config.interval, self.config.level)

    @property
    def folds(self) -> Folds | None:
        """The folds of a cross-validation, if the runs are no independent samples."""
        if self.config.items:
            return None
        is_fold = self.config.repeat == "fold"
        names = self.ranking.seeds if is_fold else project.current().folds
        columns = [
            {str(value(run, name)) for group in self.groups for run in group.records}
            for name in self.ranking.seeds
            if name in names
        ]
        count = max(map(len, columns), default=0)
        return Folds(count) if count > 1 else None

    @property
    def primary(self) -> list[str]:
        """The metrics whose tests are one family."""
        return self.config.primary_of(self.pairs)

    @property
    def effect(self) -> Effect:
        """The effect size beside each test."""
        return paired.TESTS["t" if self.config.test == "none" else self.config.test].effect

    @property
    def all_pairs(self) -> list[Pair]:
        """The pairs of all metrics."""
        return [pair for pairs in self.pairs.values() for pair in pairs]

    @property
    def all_lines(self) -> list[Line]:
        """The lines of all metrics."""
        return [line for lines in self.lines.values() for line in lines]

    @property
    def constant_groups(self) -> list[Group]:
        """The groups without seeds, as a file of conf/sweep/ says: one value stands for all."""
        return [group for group in self.groups if group.is_any_of(self.unseeded)]


def compare_groups(
    config: ReportConfig,
    groups: Sequence[Group],
    ranking: Ranking,
    unseeded: Collection[str] = (),
) -> ReportTable:
    """Compare groups by each metric of a report.

    Args:
        config: the report.
        groups: the groups.
        ranking: how they were made.
        unseeded: the ids of the experiments that were run once, beside others with seeds.

    Raises:
        LabkartError: no group has a metric of that name, or not exactly one group of a data set is
            the baseline.
    """
    metrics = ranking.metrics(groups)
    if not any(group.values(metric) for group in groups for metric in metrics):
        raise LabkartError(translate("No experiment finished successfully; nothing to compare."))
    for metric in config.metrics:
        if metric not in metrics:
            raise LabkartError(
                translate(
                    "{metric}: none of these experiments has such a metric. {hint}",
                    metric=metric,
                    hint=did_you_mean(metric, metrics),
                )
            )
    if config.items:
        Items.of(config.items).check(config.metrics or metrics)
    first = DataSets.of(config, groups).setting
    groups = [with_setting_first(first, group) for group in groups]
    datasets = DataSets.of(config, groups)
    table = ReportTable(
        config, ranking, groups, list(groups[0].settings), datasets, unseeded=unseeded
    )
    table.baselines = baselines(config, datasets)
    pairing = Pairing(config, ranking, unseeded, table.folds)
    for metric in config.metrics or metrics:
        table.pairs[metric] = list(pairing.pairs(metric, datasets, table.baselines))
    family = [pair for metric in table.primary for pair in table.pairs[metric]]
    table.test_count = correct_for_many_tests(table.all_pairs, family)
    table.lines = {metric: _lines(table, metric) for metric in table.pairs}
    table.overalls = compare_systems(config, datasets, table.lines, ranking.directions)
    return table


def _lines(table: ReportTable, metric: str) -> list[Line]:
    direction = table.ranking.directions.of(metric)
    parts = [
        _ranked([_line(table, metric, group) for group in groups], direction)
        for groups in table.datasets.parts.values()
    ]
    return list(chain.from_iterable(parts))


def _ranked(lines: list[Line], direction: Direction) -> list[Line]:
    """The lines of one data set, the best first and marked."""
    _mark_best([line for line in lines if line.finite_mean is not None], direction)
    return sorted(
        lines, key=lambda line: (line.finite_mean is None, -direction * (line.finite_mean or 0))
    )


def _mark_best(lines: Sequence[Line], direction: Direction) -> None:
    """Mark the line with the best mean, and those that a reader cannot tell from it."""
    if len(lines) < 2 or not direction:
        return
    best = max(lines, key=lambda line: direction * (line.mean or 0))
    for line in lines:
        line.best = rounding.print_alike(line.measured, best.measured)


def _line(table: ReportTable, metric: str, group: Group) -> Line:
    values = group.values(metric)
    interval = statistics.interval(values, table.interval_kind)
    pairs = [
        pair
        for pair in table.pairs[metric]
        if pair.group is group and any(pair.baseline is base for base in table.baselines)
    ]
    pair = pairs[0] if pairs else None
    return Line(group, values, group.mean(metric), group.deviation(metric), interval, pair=pair)
