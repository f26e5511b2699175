"""A report's numbers: groups of experiments beside each other, with means, intervals and tests.

Reads records and writes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import isfinite

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.records.condition import Condition
from labkart.records.direction import Direction
from labkart.records.seeds import Group, Ranking, mean
from labkart.records.values import value
from labkart.results.report import paired, rounding, statistics
from labkart.results.report.config import ReportConfig
from labkart.results.report.items import Items
from labkart.results.report.paired import Effect, Folds, PairedTest
from labkart.results.report.rounding import Measured
from labkart.results.report.statistics import Interval, IntervalKind


@dataclass
class Line:
    """A group's values of one metric.

    Attributes:
        group: the group.
        values: one per finished run.
        mean: None without any value.
        deviation: the standard deviation of the sample; None for less than two values.
        interval: of the mean, at the config's level.
        best: whether no other group has a better mean.
        test: against the baseline; None for the baseline itself, and if there is no baseline.
        p: of that test, corrected for all tests of the primary metrics if this is one of them.
    """

    group: Group
    values: list[float]
    mean: float | None
    deviation: float | None
    interval: Interval | None
    best: bool = False
    test: PairedTest | None = None
    p: float | None = None

    @property
    def measured(self) -> Measured:
        """The mean with its deviation."""
        return Measured(self.mean or 0.0, self.deviation or 0.0)

    @property
    def finite_mean(self) -> float | None:
        """The mean; None also if it is not finite."""
        return self.mean if self.mean is not None and isfinite(self.mean) else None


@dataclass
class ReportTable:
    """All numbers of a report.

    Attributes:
        config: what the report shows.
        ranking: how its groups are ranked.
        groups: the groups, best first.
        settings: the names of the settings that differ between the groups.
        lines: by metric, a line per group, best first.
        baseline: the group that the others are compared with.
        test_count: the number of tests.
        unseeded: the ids of the experiments that were run once, beside others with seeds.
    """

    config: ReportConfig
    ranking: Ranking
    groups: list[Group]
    settings: list[str]
    lines: dict[str, list[Line]] = field(default_factory=dict)
    baseline: Group | None = None
    test_count: int = 0
    unseeded: Collection[str] = ()

    @property
    def has_tests(self) -> bool:
        """Whether the groups are tested against a baseline."""
        return self.baseline is not None and self.config.test != "none"

    @property
    def interval_kind(self) -> IntervalKind:
        """Which confidence intervals it has."""
        return IntervalKind(self.config.interval, self.config.level)

    @property
    def items(self) -> Items | None:
        """Where the values of single items are, if they are what is tested."""
        return Items.of(self.config.items) if self.config.items else None

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
        return [name for name in self.lines if name in self.config.primary] or list(self.lines)

    @property
    def effect(self) -> Effect:
        """The effect size beside each test."""
        return paired.TESTS[self.config.test if self.has_tests else "t"].effect

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
        LabkartError: no group has a metric of that name, or not exactly one group is the baseline.
    """
    metrics = ranking.metrics(groups)
    if not any(group.values(metric) for group in groups for metric in metrics):
        raise LabkartError("No experiment finished successfully; nothing to compare.")
    for metric in config.metrics:
        if metric not in metrics:
            raise LabkartError(
                f"{metric}: none of these experiments has such a metric. "
                f"{did_you_mean(metric, metrics)}"
            )
    table = ReportTable(config, ranking, list(groups), list(groups[0].settings), unseeded=unseeded)
    table.baseline = _baseline(config, groups)
    table.lines = {metric: _lines(table, metric) for metric in config.metrics or metrics}
    _correct_for_many_tests(table)
    return table


def _correct_for_many_tests(table: ReportTable) -> None:
    """Correct what belongs to the family of tests: the primary metrics, or else all."""
    tests = [
        (line, line.test.p)
        for metric in table.primary
        for line in table.lines[metric]
        if line.test and line.test.p is not None
    ]
    for line in table.all_lines:
        line.p = line.test.p if line.test else None
    table.test_count = len(tests)
    corrected = statistics.holm([p for _, p in tests])
    for (line, _), p in zip(tests, corrected, strict=True):
        line.p = p


def _lines(table: ReportTable, metric: str) -> list[Line]:
    direction = table.ranking.directions.of(metric)
    lines = [_line(table, metric, group) for group in table.groups]
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
    line = Line(group, values, group.mean(metric), group.deviation(metric), interval)
    if table.baseline and table.has_tests and group is not table.baseline:
        line.test = _test(table, metric, group, table.baseline)
    return line


def _test(table: ReportTable, metric: str, group: Group, baseline: Group) -> PairedTest:
    config = table.config
    if items := table.items:
        values, base = items.values(group, metric), items.values(baseline, metric)
        if values is None or base is None:
            obstacle = f"{items.table} has no column {metric}"
            return PairedTest(float("nan"), None, None, None, 0, obstacle)
    else:
        values = _seed_values(table.ranking, metric, group)
        base = _seed_values(table.ranking, metric, baseline)
        is_constant = [one.is_any_of(table.unseeded) for one in (group, baseline)]
        if is_constant == [False, True]:
            base = dict.fromkeys(values, mean(list(base.values())))
        elif is_constant == [True, False]:
            values = dict.fromkeys(base, mean(list(values.values())))
    shared = [key for key in values if key in base]
    return paired.paired_test(
        [values[key] for key in shared],
        [base[key] for key in shared],
        config.test,
        table.interval_kind,
        table.folds,
    )


def _seed_values(ranking: Ranking, metric: str, group: Group) -> dict[str, float]:
    return {
        str(ranking.seed_key(record)): record.metrics[metric]
        for record in group.records
        if record.status == "finished" and metric in record.metrics
    }


def _baseline(config: ReportConfig, groups: Sequence[Group]) -> Group | None:
    if not config.baseline:
        return None
    condition = Condition.of(config.baseline)
    matches = [
        group for group in groups if all(condition.holds(record) for record in group.records)
    ]
    if len(matches) != 1:
        names = ", ".join(
            " ".join(f"{name}={value}" for name, value in group.settings.items())
            for group in groups
        )
        raise LabkartError(
            f"baseline: {config.baseline} must hold for one of the groups, "
            f"but holds for {len(matches) or 'none'}. They are: {names}"
        )
    return matches[0]
