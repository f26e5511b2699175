"""A report's numbers: groups of experiments beside each other, with means, intervals and tests.

Reads records and writes nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from labkart import project
from labkart.language import bilingual, mistake
from labkart.records.seeds import Group, Ranking, mean
from labkart.records.values import value
from labkart.results.report import statistics
from labkart.results.report.config import ReportConfig
from labkart.results.report.datasets import DataSets, baselines
from labkart.results.report.items import Items
from labkart.results.report.line import Line, Pair, rank_lines
from labkart.results.report.paired import TESTS, Effect, PairedTest, paired_test
from labkart.results.report.ranks import Overall, compare_systems
from labkart.wording import did_you_mean


@dataclass
class ReportTable:
    """All numbers of a report."""

    config: ReportConfig  # what the report shows
    ranking: Ranking
    groups: list[Group]  # the groups, best first
    settings: list[str]  # the names of the settings that differ between the groups
    datasets: DataSets  # the groups by data set
    # The ids of the experiments that were run once, beside others with seeds.
    unseeded: Collection[str] = ()
    # By metric, a line per group: data set by data set, the best first.
    lines: dict[str, list[Line]] = field(default_factory=dict)
    # By metric, the pairs of groups that are tested.
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    overalls: Sequence[Overall] = ()  # what the metrics say of systems over several data sets
    baselines: Sequence[Group] = ()  # the group of each data set that the others are compared with
    test_count: int = 0

    def title_of(self, metric: str) -> str:
        """A metric's label, with the arrow that tells which way is better."""
        return f"{self.config.label(metric)} {self.ranking.directions.of(metric).arrow}".rstrip()

    @property
    def has_tests(self) -> bool:
        """Whether the groups are tested against a baseline."""
        return bool(self.baselines) and self.config.test != "none"

    @property
    def folds(self) -> int:
        """How many folds of a cross-validation the runs are of; 0 if they are no folds."""
        if self.config.items:
            return 0
        is_fold = self.config.repeat == "fold"
        names = self.seeds if is_fold else project.current().folds
        counts = [len(self.values_of(name)) for name in self.seeds if name in names]
        count = max(counts, default=0)
        return count if count > 1 else 0

    @property
    def seeds(self) -> list[str]:
        """The settings in which the runs of a group may differ."""
        runs = [run for group in self.groups for run in group.records]
        return list(dict.fromkeys(name for run in runs for name, _ in self.ranking.seed_key(run)))

    def values_of(self, setting: str) -> set[str]:
        """The values of a setting in all runs."""
        runs = [run for group in self.groups for run in group.records]
        return {str(value(run, setting)) for run in runs}

    @property
    def primary(self) -> list[str]:
        """The metrics whose tests are one family."""
        names = list(self.pairs)
        return [name for name in names if name in self.config.primary] or names

    @property
    def effect(self) -> Effect:
        """The effect size beside each test."""
        return TESTS["t" if self.config.test == "none" else self.config.test].effect

    @property
    def all_pairs(self) -> list[Pair]:
        """The pairs of all metrics."""
        return [pair for pairs in self.pairs.values() for pair in pairs]

    @property
    def has_deviations(self) -> bool:
        """Whether a group has more than one value of a metric."""
        return any(line.deviation is not None for line in self.all_lines)

    @property
    def all_lines(self) -> list[Line]:
        """The lines of all metrics."""
        return [line for lines in self.lines.values() for line in lines]


def compare_groups(
    config: ReportConfig, groups: Sequence[Group], ranking: Ranking, unseeded: Collection[str] = ()
) -> ReportTable:
    """Compare groups by each metric of a report.

    Args:
        config: the report.
        groups: at least one.
        ranking: how they were made.
        unseeded: the ids of the experiments that were run once, beside others with seeds.

    Raises:
        LabkartError: no group has a metric of that name, or not exactly one group of a data set is
            the baseline.
    """
    metrics = _metrics(config, groups, ranking)
    if config.items:
        Items.of(config.items).check(metrics)
    first = DataSets.of(config, groups).setting
    groups = [_with_setting_first(first, group) for group in groups]
    datasets = DataSets.of(config, groups)
    table = ReportTable(config, ranking, groups, list(groups[0].settings), datasets, unseeded)
    table.baselines = baselines(config, datasets)
    table.pairs = {metric: list(_pairs(table, metric)) for metric in metrics}
    table.test_count = _correct_for_many_tests(table.all_pairs, table.primary)
    table.lines = {metric: _lines(table, metric) for metric in metrics}
    table.overalls = compare_systems(config, datasets, table.lines, ranking.directions)
    _correct_for_many_tests(table.overalls, table.primary)
    return table


def _metrics(config: ReportConfig, groups: Sequence[Group], ranking: Ranking) -> list[str]:
    """The metrics of a report, all of which the experiments have."""
    metrics = ranking.metrics(groups)
    if not any(group.values(metric) for group in groups for metric in metrics):
        raise mistake("No experiment finished successfully; nothing to compare.")
    for metric in (*config.metrics, *config.primary):
        if metric not in metrics:
            raise mistake(
                "{metric}: none of these experiments has such a metric. {hint}",
                metric=metric,
                hint=did_you_mean(metric, metrics),
            )
    return list(config.metrics or metrics)


def _with_setting_first(setting: str, group: Group) -> Group:
    """The group with one setting before the others; with no such setting, as it is."""
    if not setting:
        return group
    return Group({setting: group.settings[setting], **group.settings}, group.records)


def _pairs(table: ReportTable, metric: str) -> Iterator[Pair]:
    """Each group with its baseline, or all pairs; always of the same data set."""
    is_all, baselines = table.config.pairs == "all", {id(group) for group in table.baselines}
    if table.config.test == "none" or not (is_all or baselines):
        return
    for groups in table.datasets.parts.values():
        values = {id(group): _values_to_pair(table, metric, group) for group in groups}
        for first, second in combinations(groups, 2):
            pair = (second, first) if id(first) in baselines else (first, second)
            if is_all or id(pair[1]) in baselines:
                test = _test(table, metric, pair, [values[id(group)] for group in pair])
                yield Pair(metric, *pair, test)


def _values_to_pair(table: ReportTable, metric: str, group: Group) -> Mapping[str, float] | None:
    """The values by item or seed; None if the table of items has none of this metric."""
    if table.config.items:
        return Items.of(table.config.items).values(group, metric)
    return {
        str(table.ranking.seed_key(record)): record.metrics[metric]
        for record in group.records
        if record.status == "finished" and metric in record.metrics
    }


def _test(
    table: ReportTable,
    metric: str,
    groups: Sequence[Group],
    values: Sequence[Mapping[str, float] | None],
) -> PairedTest:
    sample, base = values
    if sample is None or base is None:
        name = Items.of(table.config.items or "").table
        return PairedTest(
            obstacle=bilingual("{table} has no column {name}", table=name, name=metric)
        )
    if not table.config.items:
        # A group that was run once has the same value for all seeds.
        is_constant = [group.is_any_of(table.unseeded) for group in groups]
        if is_constant == [True, False]:
            sample = dict.fromkeys(base, mean(list(sample.values())))
        elif is_constant == [False, True]:
            base = dict.fromkeys(sample, mean(list(base.values())))
    shared = [key for key in sample if key in base]
    return paired_test(
        [sample[key] for key in shared],
        [base[key] for key in shared],
        table.config.test,
        table.config.interval,
        table.folds,
    )


def _correct_for_many_tests(results: Sequence[Pair | Overall], primary: Collection[str]) -> int:
    """Correct the p-values of the primary metrics' tests together; the others stay as they are.

    Returns:
        The number of tests in the family.
    """
    for result in results:
        result.p = result.test.p
    family = [result for result in results if result.metric in primary]
    corrected = statistics.holm([result.p for result in family])
    for result, p in zip(family, corrected, strict=True):
        result.p = p
    return sum(p is not None for p in corrected)


def _lines(table: ReportTable, metric: str) -> list[Line]:
    direction = table.ranking.directions.of(metric)
    lines = list[Line]()
    for groups in table.datasets.parts.values():
        lines += rank_lines([_line(table, metric, group) for group in groups], direction)
    return lines


def _line(table: ReportTable, metric: str, group: Group) -> Line:
    values = group.values(metric)
    interval = statistics.interval(values, table.config.interval)
    baselines = {id(baseline) for baseline in table.baselines}
    pairs = [
        pair
        for pair in table.pairs[metric]
        if pair.group is group and id(pair.baseline) in baselines
    ]
    pair = pairs[0] if pairs else None
    return Line(group, values, group.mean(metric), group.deviation(metric), interval, pair=pair)
