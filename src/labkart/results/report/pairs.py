"""Pairs of groups: which are tested, and their values of the same seeds or items.

The tests themselves are those of `paired`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from labkart.language import bilingual
from labkart.records.seeds import Group, Ranking, mean
from labkart.results.report.config import ReportConfig
from labkart.results.report.datasets import DataSets
from labkart.results.report.items import Items
from labkart.results.report.paired import PairedTest, paired_test


@dataclass
class Pair:
    """Two groups and the test of their difference."""

    metric: str  # what is tested
    group: Group  # the one from whose values the other's are taken away
    baseline: Group  # the other one
    test: PairedTest  # of the metric
    # Of that test, corrected for all tests of the primary metrics if this is one of them.
    p: float | None = None


@dataclass(frozen=True)
class Pairing:
    """How the values of two groups are paired and tested."""

    config: ReportConfig  # which test, and whether runs or items are paired
    ranking: Ranking  # knows the seeds
    # The ids of the experiments that were run once, beside others with seeds.
    unseeded: Collection[str]
    folds: int  # how many folds the runs are of, see `paired_test`

    def pairs(
        self, metric: str, datasets: DataSets, baselines: Collection[Group]
    ) -> Iterator[Pair]:
        """Each group with its baseline, or all pairs; always of the same data set."""
        if self.config.test == "none" or not (baselines or self.config.pairs == "all"):
            return
        for groups in datasets.parts.values():
            values = {id(group): self._values(metric, group) for group in groups}
            for group, base in self._combinations(groups, {id(one) for one in baselines}):
                test = self._test(metric, (group, base), values[id(group)], values[id(base)])
                yield Pair(metric, group, base, test)

    def _combinations(
        self, groups: Sequence[Group], baselines: Collection[int]
    ) -> Iterator[tuple[Group, Group]]:
        """The pairs of a data set's groups; a baseline, known by its id, is the second of them."""
        for first, second in combinations(groups, 2):
            if id(first) in baselines:
                yield second, first
            elif id(second) in baselines or self.config.pairs == "all":
                yield first, second

    def _test(
        self,
        metric: str,
        groups: tuple[Group, Group],
        values: Mapping[str, float] | None,
        base: Mapping[str, float] | None,
    ) -> PairedTest:
        if values is None or base is None:
            table = Items.of(self.config.items or "").table
            obstacle = bilingual("{table} has no column {name}", table=table, name=metric)
            return PairedTest(obstacle=obstacle)
        if not self.config.items:
            # A group that was run once has the same value for all seeds.
            first_is_constant, second_is_constant = (one.is_any_of(self.unseeded) for one in groups)
            if first_is_constant and not second_is_constant:
                values = dict.fromkeys(base, mean(list(values.values())))
            elif second_is_constant and not first_is_constant:
                base = dict.fromkeys(values, mean(list(base.values())))
        shared = [key for key in values if key in base]
        return paired_test(
            [values[key] for key in shared],
            [base[key] for key in shared],
            self.config.test,
            self.config.interval,
            self.folds,
        )

    def _values(self, metric: str, group: Group) -> Mapping[str, float] | None:
        """The values by item or seed; None if the table of items has none of this metric."""
        if self.config.items:
            return Items.of(self.config.items).values(group, metric)
        return {
            str(self.ranking.seed_key(record)): record.metrics[metric]
            for record in group.records
            if record.status == "finished" and metric in record.metrics
        }
