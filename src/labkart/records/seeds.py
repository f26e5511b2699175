"""Groups experiments that differ only by a seed, and ranks the groups by the mean of a metric.

Reads records and nothing else. Intervals and tests of significance are the report's.
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite, isnan, nan
from statistics import fmean, stdev
from typing import Any

from labkart.records.query import flatten, value
from labkart.records.record import ExperimentRecord

_EXACT = 2**53  # up to here every whole number is a floating-point number of its own

# Settings as texts, by their names.
Settings = dict[str, str]


@dataclass
class Group:
    """One configuration with all its seeds."""

    settings: Settings  # what distinguishes it from the other groups
    records: list[ExperimentRecord]

    def values(self, metric: str) -> list[float]:
        """The metric of each experiment that finished successfully and logged it."""
        finished = [record for record in self.records if record.status == "finished"]
        return [record.metrics[metric] for record in finished if metric in record.metrics]

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds; None if no experiment has the metric."""
        values = self.values(metric)
        return mean(values) if values else None

    def deviation(self, metric: str) -> float | None:
        """The standard deviation of the sample (n - 1); None for fewer than two values."""
        values = self.values(metric)
        return deviation(values) if len(values) > 1 else None


@dataclass
class Ranking:
    """How experiments are grouped and ranked."""

    seeds: Collection[str] = ("seed",)  # make another sample and not another configuration
    metric: str | None = None  # ranks; by default the first one that was logged
    less_is_better: Collection[str] = ()  # words in the names of metrics of which less is better

    def group(self, records: Sequence[ExperimentRecord]) -> list[Group]:
        """The groups, best first; those without the metric last."""
        parts = self._split(records)
        labels = self._labels(parts)
        names = dict.fromkeys(name for label in labels for name in label)
        varying = [name for name in names if _varies(name, labels)]
        groups = [
            Group({name: label.get(name, "") for name in varying}, members)
            for label, members in zip(labels, parts, strict=True)
        ]
        return self._ranked(groups)

    def metrics(self, groups: Sequence[Group]) -> list[str]:
        """The names of all metrics, first the one that ranks."""
        records = [record for group in groups for record in group.records]
        names = dict.fromkeys(name for record in records for name in record.metrics)
        return sorted(names, key=lambda name: name != self.metric)

    def is_less_better(self, metric: str) -> bool:
        """Whether the name contains one of the words, as `val_loss` contains `loss`."""
        return not set(re.split(r"[\W_]+", metric.lower())).isdisjoint(self.less_is_better)

    def config_key(self, record: ExperimentRecord) -> Hashable:
        """What the experiments of one group have in common: files and values, but no seeds.

        A file without a section of its own, as those of `conf/experiment/`, only sets what others
        may set as well, and does not count.
        """
        return self._files(record, record.config), frozenset(self._values(record).items())

    def seed_key(self, record: ExperimentRecord) -> tuple[Any, ...]:
        """The values of the seeds, which distinguish the experiments of one group."""
        seeds = (value(record, name) for name in self.seeds)
        return tuple(str(seed) if isinstance(seed, list) else seed for seed in seeds)

    def command_key(self, record: ExperimentRecord) -> tuple[tuple[str, str], ...]:
        """What a person typed, but for the seeds: the chosen files and the overrides."""
        return tuple(sorted(self._typed(record).items()))

    def _split(self, records: Sequence[ExperimentRecord]) -> list[list[ExperimentRecord]]:
        """By configuration; if a seed is there twice, also by the names of all chosen files."""
        groups = list[list[ExperimentRecord]]()
        for members in _by_key(records, self.config_key):
            seeds = {self.seed_key(record) for record in members}
            if len(seeds) == len(members):
                groups.append(members)
            else:
                groups += _by_key(members, lambda record: self._files(record, record.settings))
        return groups

    def _labels(self, groups: Sequence[Sequence[ExperimentRecord]]) -> list[Settings]:
        """What a person calls each group: the settings in which all its experiments agree."""
        records = chain.from_iterable(groups)
        names = dict.fromkeys(name for record in records for name in self._typed(record))
        whole = [[self._named(record, names) for record in members] for members in groups]
        shared = [name for name in names if not any(_varies(name, part) for part in whole)]
        labels = [{name: part[0][name] for name in shared} for part in whole]
        if len({tuple(label.items()) for label in labels}) == len(labels):
            return labels
        # The same words mean different things: a file of conf/ was edited between two runs.
        firsts = [self._values(members[0]) for members in groups]
        return [label | values for label, values in zip(labels, firsts, strict=True)]

    def _ranked(self, groups: list[Group]) -> list[Group]:
        metric = next(iter(self.metrics(groups)), "")
        sign = 1 if self.is_less_better(metric) else -1

        def rank(group: Group) -> tuple[bool, float]:
            mean = group.mean(metric)
            if mean is None or isnan(mean):
                return True, 0.0
            return False, sign * mean

        return sorted(groups, key=rank)

    def _values(self, record: ExperimentRecord) -> Settings:
        """All values of the configuration but the seeds and Labkart's own."""
        return {
            name: _text(leaf)
            for name, leaf in flatten(record.config)
            if name not in self.seeds and name.partition(".")[0] != "labkart"
        }

    def _files(self, record: ExperimentRecord, names: Collection[str]) -> Hashable:
        """Those of an experiment's settings that have one of these names and are not seeds."""
        return frozenset(
            (name, _text(setting))
            for name, setting in record.settings.items()
            if name in names and name not in self.seeds
        )

    def _typed(self, record: ExperimentRecord) -> Settings:
        """What a person calls an experiment: the chosen files, and the overrides of the command."""
        typed = {name: _text(setting) for name, setting in record.settings.items()}
        for override in record.overrides:
            name, sign, text = override.lstrip("+").partition("=")
            if sign:
                typed[name] = _text(value(record, name)) or text
        left_out = {name for name in typed if name in self.seeds or "labkart." in name}
        return {name: text for name, text in typed.items() if name not in left_out}

    def _named(self, record: ExperimentRecord, names: Iterable[str]) -> Settings:
        """The settings of these names; what was not typed is taken from the configuration."""
        typed = self._typed(record)
        return {name: typed.get(name) or _text(value(record, name)) for name in names}


def mean(values: Sequence[float]) -> float:
    """The mean, or nan for infinities of both signs and for values that are too large to add."""
    try:
        return fmean(values)
    except (OverflowError, ValueError):
        return nan


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of the sample (n - 1); nan if a value is not finite, or too large."""
    try:
        return stdev(values) if all(map(isfinite, values)) else nan
    except OverflowError:
        return nan


def _by_key(records: Iterable[Any], key: Callable[[Any], Hashable]) -> Iterable[list[Any]]:
    """The records with equal keys together, in the order in which the keys first occur."""
    parts = dict[Hashable, list[Any]]()
    for record in records:
        parts.setdefault(key(record), []).append(record)
    return parts.values()


def _text(value: Any) -> str:
    """How a value is shown; 1 and 1.0 are the same number, whichever of them was typed."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    return "" if value is None else str(value)


def _varies(name: str, labels: Sequence[Settings]) -> bool:
    return len({label.get(name) for label in labels}) > 1
