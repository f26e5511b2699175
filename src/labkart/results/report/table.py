"""A report's numbers: groups of experiments beside each other, with means, intervals and tests.

Reads records and writes nothing.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isclose, isnan

from labkart.errors import LabkartError, did_you_mean
from labkart.records.query import Condition
from labkart.records.record import ExperimentRecord, task_folder
from labkart.records.seeds import Group, Ranking, mean
from labkart.results.report import statistics
from labkart.results.report.config import ReportConfig
from labkart.results.report.statistics import Interval, PairedTest


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
        p: of that test, corrected for all tests of the report.
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
    def finite_mean(self) -> float | None:
        """The mean; None also if it is not a number."""
        return None if self.mean is None or isnan(self.mean) else self.mean


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
    """

    config: ReportConfig
    ranking: Ranking
    groups: list[Group]
    settings: list[str]
    lines: dict[str, list[Line]] = field(default_factory=dict)
    baseline: Group | None = None
    test_count: int = 0

    @property
    def has_tests(self) -> bool:
        """Whether the groups are tested against a baseline."""
        return self.baseline is not None and self.config.test != "none"

    @property
    def all_lines(self) -> list[Line]:
        """The lines of all metrics."""
        return [line for lines in self.lines.values() for line in lines]


def compare_groups(config: ReportConfig, groups: Sequence[Group], ranking: Ranking) -> ReportTable:
    """Compare groups by each metric of a report.

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
    table = ReportTable(config, ranking, list(groups), list(groups[0].settings))
    table.baseline = _baseline(config, groups)
    table.lines = {metric: _lines(table, metric) for metric in config.metrics or metrics}
    _correct_for_many_tests(table)
    return table


def _correct_for_many_tests(table: ReportTable) -> None:
    tests = [
        (line, line.test.p) for line in table.all_lines if line.test and line.test.p is not None
    ]
    table.test_count = len(tests)
    corrected = statistics.holm([p for _, p in tests])
    for (line, _), p in zip(tests, corrected, strict=True):
        line.p = p


def _lines(table: ReportTable, metric: str) -> list[Line]:
    sign = -1 if table.ranking.is_less_better(metric) else 1
    lines = [_line(table, metric, group) for group in table.groups]
    means = [sign * line.finite_mean for line in lines if line.finite_mean is not None]
    for line in lines:
        if len(means) > 1 and line.finite_mean is not None:
            line.best = isclose(sign * line.finite_mean, max(means), rel_tol=1e-9)
    return sorted(
        lines, key=lambda line: (line.finite_mean is None, -sign * (line.finite_mean or 0))
    )


def _line(table: ReportTable, metric: str, group: Group) -> Line:
    values = group.values(metric)
    interval = statistics.interval(values, table.config.interval, table.config.level)
    line = Line(group, values, group.mean(metric), group.deviation(metric), interval)
    if table.baseline and table.has_tests and group is not table.baseline:
        line.test = _test(table, metric, group, table.baseline)
    return line


def _test(table: ReportTable, metric: str, group: Group, baseline: Group) -> PairedTest:
    config = table.config
    if config.items:
        values, base = _item_values(config.items, group), _item_values(config.items, baseline)
    else:
        values = _seed_values(table.ranking, metric, group)
        base = _seed_values(table.ranking, metric, baseline)
    shared = [key for key in values if key in base]
    return statistics.paired_test(
        [values[key] for key in shared], [base[key] for key in shared], config.test, config.level
    )


def _seed_values(ranking: Ranking, metric: str, group: Group) -> dict[str, float]:
    return {
        str(ranking.seed_key(record)): record.metrics[metric]
        for record in group.records
        if record.status == "finished" and metric in record.metrics
    }


def _item_values(items: str, group: Group) -> dict[str, float]:
    """The value of each item, as a mean over the group's seeds."""
    values: dict[str, list[float]] = {}
    for record in group.records:
        for item, value in _rows(items, record) if record.status == "finished" else ():
            values.setdefault(item, []).append(value)
    return {item: mean(numbers) for item, numbers in values.items()}


def _rows(items: str, record: ExperimentRecord) -> list[tuple[str, float]]:
    """The rows of a logged table, as items and values."""
    name, item, value = items.split(":")
    tables = {table: task for task in record.tasks for table in task.result.get("tables", ())}
    if name not in tables:
        raise LabkartError(
            f"{name}: experiment {record.id[:8]} logged no such table. {did_you_mean(name, tables)}"
        )
    file = task_folder(tables[name].name, tables[name].id) / name
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return [(row[item], float(row[value])) for row in csv.DictReader(lines)]
    except KeyError as error:
        raise LabkartError(
            f"{name} has no column {error}; items are named as table:item:value."
        ) from None
    except ValueError as error:
        raise LabkartError(f"{name}, column {value} must contain numbers: {error}.") from None
    except FileNotFoundError:
        raise LabkartError(
            f"{name} of experiment {record.id[:8]} does not exist any more; "
            f"{record.command} makes it again."
        ) from None


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
