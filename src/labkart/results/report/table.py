"""Groups of experiments beside each other: means, intervals, and tests against a baseline. Reads records."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any, NamedTuple

from labkart.errors import LabkartError, did_you_mean
from labkart.records.query import Condition
from labkart.records.record import ExperimentRecord, read_experiments, task_folder
from labkart.records.seeds import Group, Ranking, mean
from labkart.results.report import statistics
from labkart.results.report.comparability import newest
from labkart.results.report.config import ReportConfig
from labkart.results.report.statistics import Interval, Paired


@dataclass
class Line:
    """A group's values of one metric.

    Attributes:
        interval: of the mean, at the definition's level.
        best: whether no other group has a better mean.
        paired: against the baseline; nothing for the baseline itself, and where none is named.
        p: of that test, corrected for all tests of the report.
    """

    group: Group
    values: list[float]
    mean: float | None
    deviation: float | None
    interval: Interval | None
    best: bool = False
    paired: Paired | None = None
    p: float | None = None


@dataclass
class ReportTable:
    """All that a report says in numbers.

    Attributes:
        settings: the names of what tells the groups apart.
        lines: by metric, a line a group, best first.
        baseline: the group that the others are compared with.
        tests: how many tests there are.
    """

    definition: ReportConfig
    ranking: Ranking
    groups: list[Group]
    settings: list[str]
    lines: dict[str, list[Line]] = field(default_factory=dict)
    baseline: Group | None = None
    tests: int = 0


class SelectedRuns(NamedTuple):
    """The experiments of a definition, how they are ranked, and what is left out.

    Attributes:
        without: the searches whose trials are.
        earlier: how many runs are, of which the words mean another configuration by now.
    """

    records: list[ExperimentRecord]
    ranking: Ranking
    without: list[str]
    earlier: int


def select_runs(found: ReportConfig) -> SelectedRuns:
    """What a definition means. A configuration that only a search tried is no part of it, unless it names searches.

    Raises:
        LabkartError: there are none, or `selection` refuses a word of it.
    """
    records = found.selection.experiments()
    if not any(
        word.startswith("task") for word in found.where
    ):  # one that stopped early is none of the pipeline
        records = [each for each in records if not each.config.get("task")]
    if not records:
        hint = "labkart runs lists them" if read_experiments(most=1) else "labkart run makes some"
        raise LabkartError(f"{found.name}: no experiment meets these conditions; {hint}.")
    ranking = _ranking(found, records[0])
    asked = (
        found.study
        or found.sweep
        or found.tag
        or any(word.startswith("search") for word in found.where)
    )
    kept = records if asked else _own(records, ranking)
    ids = {each.id for each in kept}
    without = {each.study for each in records if each.study and each.id not in ids}
    last = newest([each for each in kept if each.status != "pruned"], ranking)
    kinds = {ranking.config_key(each) for each in last}
    earlier = sum(ranking.config_key(each) not in kinds for each in kept if each.status != "pruned")
    return SelectedRuns(last, ranking, sorted(without), earlier)


def _own(records: list[ExperimentRecord], ranking: Ranking) -> list[ExperimentRecord]:
    """Those of a configuration that somebody ran outside of searches, too; all where there is none."""
    kinds = {ranking.config_key(each) for each in records if each.sweeps or not each.study}
    return [each for each in records if ranking.config_key(each) in kinds] or records


def _ranking(found: ReportConfig, record: ExperimentRecord) -> Ranking:
    """How these experiments are ranked, by their own settings."""
    asked: dict[str, Any] = record.config.get("labkart") or {}
    metric = found.metrics[0] if found.metrics else asked.get("rank_by")
    return Ranking(asked.get("seeds") or ["seed"], metric, asked.get("less_is_better") or [])


def compare_groups(
    definition: ReportConfig, groups: Sequence[Group], ranking: Ranking
) -> ReportTable:
    """Compare groups in each metric of a definition.

    Raises:
        LabkartError: no group has a metric of that name, or not exactly one group is the baseline.
    """
    groups = list(groups)
    known = ranking.metrics(groups)
    if not any(group.values(name) for group in groups for name in known):
        raise LabkartError("None of these experiments ended well, so there is nothing to compare.")
    for name in definition.metrics:
        if name not in known:
            raise LabkartError(
                f"{name}: none of these experiments has such a metric. {did_you_mean(name, known)}"
            )
    found = ReportTable(definition, ranking, groups, list(groups[0].settings))
    found.baseline = _baseline(definition, groups)
    for metric in definition.metrics or known:
        found.lines[metric] = _lines(found, metric)
    every = [line for lines in found.lines.values() for line in lines]
    tested = [(line, line.paired.p) for line in every if line.paired and line.paired.p is not None]
    found.tests = len(tested)
    for (line, _), p in zip(tested, statistics.holm([p for _, p in tested]), strict=True):
        line.p = p
    return found


def _lines(comparison: ReportTable, metric: str) -> list[Line]:
    definition, ranking = comparison.definition, comparison.ranking
    lines = list[Line]()
    for group in comparison.groups:
        values = group.values(metric)
        around = statistics.interval(values, definition.interval, definition.level)
        lines.append(Line(group, values, group.mean(metric), group.deviation(metric), around))
    sign = -1 if ranking.is_less_better(metric) else 1
    known = [sign * line.mean for line in lines if line.mean is not None and line.mean == line.mean]
    for line in lines:
        line.best = (
            len(known) > 1
            and line.mean is not None
            and isclose(sign * line.mean, max(known), rel_tol=1e-9)
        )
        if (
            comparison.baseline
            and line.group is not comparison.baseline
            and definition.test != "none"
        ):
            line.paired = _paired(comparison, metric, line.group, comparison.baseline)
    return sorted(
        lines,
        key=lambda line: (line.mean is None or line.mean != line.mean, -sign * (line.mean or 0)),
    )


def _paired(comparison: ReportTable, metric: str, group: Group, baseline: Group) -> Paired:
    definition = comparison.definition
    if definition.items:
        here, there = _items(definition.items, group), _items(definition.items, baseline)
    else:
        here, there = (_by_seed(comparison.ranking, metric, each) for each in (group, baseline))
    both = [each for each in here if each in there]
    return statistics.paired(
        [here[e] for e in both], [there[e] for e in both], definition.test, definition.level
    )


def _by_seed(ranking: Ranking, metric: str, group: Group) -> dict[str, float]:
    ended = [each for each in group.records if each.status == "finished" and metric in each.metrics]
    return {str(ranking.seed_key(each)): each.metrics[metric] for each in ended}


def _items(asked: str, group: Group) -> dict[str, float]:
    """The value of each item, a mean over the group's seeds."""
    found: dict[str, list[float]] = {}
    for record in group.records:
        for item, value in _table(asked, record) if record.status == "finished" else ():
            found.setdefault(item, []).append(value)
    return {item: mean(values) for item, values in found.items()}


def _table(asked: str, record: ExperimentRecord) -> list[tuple[str, float]]:
    """The rows of a logged table, as items and values."""
    name, item, value = asked.split(":")
    use = next((use for use in reversed(record.tasks) if name in use.result.get("tables", ())), None)
    if use is None:
        known = {table for use in record.tasks for table in use.result.get("tables", ())}
        raise LabkartError(
            f"{name}: experiment {record.id[:8]} logged no such table. {did_you_mean(name, known)}"
        )
    try:
        with (task_folder(use.name, use.id) / name).open(encoding="utf-8", newline="") as file:
            return [(row[item], float(row[value])) for row in csv.DictReader(file)]
    except KeyError as error:
        raise LabkartError(
            f"{name} has no column {error}; items are named as table:item:value."
        ) from None
    except ValueError as error:
        raise LabkartError(f"{name}, column {value}: {error}. It wants numbers.") from None
    except FileNotFoundError:
        raise LabkartError(
            f"{name} of experiment {record.id[:8]} is gone; {record.command} makes it again."
        ) from None


def _baseline(definition: ReportConfig, groups: Sequence[Group]) -> Group | None:
    if not definition.baseline:
        return None
    condition = Condition.of(definition.baseline)
    met = [group for group in groups if all(condition.holds(each) for each in group.records)]
    if len(met) != 1:
        told = ", ".join(
            " ".join(f"{k}={v}" for k, v in group.settings.items()) for group in groups
        )
        many = len(met) or "none"
        raise LabkartError(
            f"baseline: {definition.baseline} is met by {many} of the groups, not by one. They are: {told}"
        )
    return met[0]
