"""Pairs of groups: which are tested, and their values of the same seeds or items.

The tests themselves are those of `paired`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from labkart.language import bilingual
from labkart.records.seeds import Group, Ranking, mean
from labkart.results.report import paired, statistics
from labkart.results.report.config import ReportConfig
from labkart.results.report.datasets import DataSets
from labkart.results.report.items import Items
from labkart.results.report.paired import Folds, PairedTest
from labkart.results.report.statistics import IntervalKind


@dataclass
class Pair:
    """Two groups and the test of their difference.

    Attributes:
        group: the one from whose values the other's are taken away.
        baseline: the other one.
        test: of the metric.
        p: of that test, corrected for all tests of the primary metrics if this is one of them.
    """

    group: Group
    baseline: Group
    test: PairedTest
    p: float | None = None


@dataclass(frozen=True)
class Pairing:
    """How the values of two groups are paired and tested.

    Attributes:
        config: which test, and whether runs or items are paired.
        ranking: knows the seeds.
        unseeded: the ids of the experiments that were run once, beside others with seeds.
        folds: what the runs are, if they are no independent samples.
    """

    config: ReportConfig
    ranking: Ranking
    unseeded: Collection[str]
    folds: Folds | None

    def pairs(
        self, metric: str, datasets: DataSets, baselines: Collection[Group]
    ) -> Iterator[Pair]:
        """Each group with its baseline, or all pairs; always of the same data set."""
        is_all = self.config.pairs == "all"
        if self.config.test == "none" or not (baselines or is_all):
            return
        for groups in datasets.parts.values():
            samples = [_Sample(group, self._values(metric, group)) for group in groups]
            for first, second in combinations(samples, 2):
                is_baseline = [_is_one_of(baselines, one.group) for one in (first, second)]
                if is_baseline == [True, False]:
                    yield self._pair(metric, second, first)
                elif any(is_baseline) or is_all:
                    yield self._pair(metric, first, second)

    def _pair(self, metric: str, sample: "_Sample", baseline: "_Sample") -> Pair:
        values, base = sample.values, baseline.values
        if values is None or base is None:
            table = Items.of(self.config.items or "").table
            obstacle = bilingual("{table} has no column {name}", table=table, name=metric)
            test = PairedTest(float("nan"), None, None, None, 0, obstacle)
            return Pair(sample.group, baseline.group, test)
        if not self.config.items:
            values, base = self._of_the_same_seeds(sample.group, values, baseline.group, base)
        shared = [key for key in values if key in base]
        test = paired.paired_test(
            [values[key] for key in shared],
            [base[key] for key in shared],
            self.config.test,
            IntervalKind(self.config.interval, self.config.level),
            self.folds,
        )
        return Pair(sample.group, baseline.group, test)

    def _values(self, metric: str, group: Group) -> dict[str, float] | None:
        """The values by item or seed; None if the table of items has none of this metric."""
        if self.config.items:
            return Items.of(self.config.items).values(group, metric)
        return {
            str(self.ranking.seed_key(record)): record.metrics[metric]
            for record in group.records
            if record.status == "finished" and metric in record.metrics
        }

    def _of_the_same_seeds(
        self, group: Group, values: dict[str, float], baseline: Group, base: dict[str, float]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Both values; a group that was run once has the same for all seeds."""
        is_constant = [one.is_any_of(self.unseeded) for one in (group, baseline)]
        if is_constant == [False, True]:
            base = dict.fromkeys(values, mean(list(base.values())))
        elif is_constant == [True, False]:
            values = dict.fromkeys(base, mean(list(values.values())))
        return values, base


@dataclass(frozen=True)
class _Sample:
    """A group's values of a metric."""

    group: Group
    values: dict[str, float] | None


def correct_for_many_tests(pairs: Sequence[Pair], family: Sequence[Pair]) -> int:
    """Correct the p-values of a family of tests; those of other pairs stay as they are.

    Returns:
        The number of tests in the family.
    """
    for pair in pairs:
        pair.p = pair.test.p
    corrected = statistics.holm([pair.p for pair in family])
    for pair, p in zip(family, corrected, strict=True):
        pair.p = p
    return sum(p is not None for p in corrected)


def _is_one_of(groups: Collection[Group], group: Group) -> bool:
    return any(group is member for member in groups)
