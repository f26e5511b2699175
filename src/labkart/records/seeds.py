"""Experiments that differ in nothing but a seed, taken together: means, deviations, the best first. Reads records."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import fmean, stdev
from typing import Any

from labkart.records.query import flatten, value
from labkart.records.record import ExperimentRecord

_EXACT = 2**53  # up to here a floating-point number tells all whole ones apart


@dataclass
class Group:
    """One configuration, with all its seeds.

    Attributes:
        settings: what tells it from the other groups.
        records: its experiments.
    """

    settings: dict[str, str]
    records: list[ExperimentRecord]

    def values(self, metric: str) -> list[float]:
        """A metric of each experiment that ended well and logged it."""
        ended = [each for each in self.records if each.status == "finished"]
        return [each.metrics[metric] for each in ended if metric in each.metrics]

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds; nothing where there is none."""
        values = self.values(metric)
        return mean(values) if values else None

    def deviation(self, metric: str) -> float | None:
        """The standard deviation of the sample (n - 1); nothing for less than two values."""
        values = self.values(metric)
        return deviation(values) if len(values) > 1 else None


@dataclass
class Ranking:
    """How experiments are told apart and ranked.

    Attributes:
        seeds: the settings that make another sample and not another experiment.
        metric: what ranks; without it the first metric that there is.
        less_is_better: words in the names of metrics of which less is better.
    """

    seeds: Collection[str] = ("seed",)
    metric: str | None = None
    less_is_better: Collection[str] = ()

    def grouped(self, records: Sequence[ExperimentRecord]) -> list[Group]:
        """The groups, best first; those without the metric last."""
        groups = self._parted(records)
        told = self._told_alike(groups)
        if len({json.dumps(each) for each in told}) < len(told):  # a file of `conf/` was edited
            told = [each | self._values(of[0]) for each, of in zip(told, groups, strict=True)]
        varying = [
            name for name in dict.fromkeys(n for each in told for n in each) if _varies(name, told)
        ]
        parted = zip(told, groups, strict=True)
        return self._ranked(
            [Group({name: each.get(name, "") for name in varying}, of) for each, of in parted]
        )

    def metrics(self, groups: Sequence[Group]) -> list[str]:
        """The names of all metrics, first what ranks."""
        names = dict.fromkeys(
            name for group in groups for each in group.records for name in each.metrics
        )
        return sorted(names, key=lambda name: name != self.metric)

    def is_less_better(self, metric: str) -> bool:
        """Whether the name has one of the words, as `val_loss` has `loss`."""
        return not set(re.split(r"[\W_]+", metric.lower())).isdisjoint(self.less_is_better)

    def _ranked(self, groups: list[Group]) -> list[Group]:
        metric = next(iter(self.metrics(groups)), "")
        sign = 1 if self.is_less_better(metric) else -1

        def place(group: Group) -> tuple[bool, float]:
            mean = group.mean(metric)
            return mean is None or mean != mean, sign * (mean or 0.0)

        return sorted(groups, key=place)

    def kind(self, record: ExperimentRecord) -> str:
        """All settings but the seeds; of a chosen file that is a short name for other settings, these alone."""
        return json.dumps([self._chosen(record, record.config), self._values(record)])

    def seed(self, record: ExperimentRecord) -> tuple[Any, ...]:
        """The values of the seeds: what tells two experiments of a group apart."""
        return tuple(value(record, name) for name in self.seeds)

    def called(self, record: ExperimentRecord) -> str:
        """What a person calls a configuration: the chosen files and the words of the command, but for the seeds."""
        return json.dumps(self._told(record), sort_keys=True)

    def _values(self, record: ExperimentRecord) -> dict[str, str]:
        values = [(name, value) for name, value in flatten(record.config) if name not in self.seeds]
        return {name: _text(value) for name, value in values if name.partition(".")[0] != "labkart"}

    def _parted(self, records: Sequence[ExperimentRecord]) -> list[list[ExperimentRecord]]:
        """The experiments by their kind; where a seed is there twice, by all names of chosen files, too."""
        found: dict[str, list[ExperimentRecord]] = {}
        for each in records:
            found.setdefault(self.kind(each), []).append(each)
        parted: dict[str, list[ExperimentRecord]] = {}
        for kind, of in found.items():
            is_twice = len({json.dumps(self.seed(each), default=str) for each in of}) < len(of)
            for each in of:
                names = self._chosen(each, each.settings) if is_twice else ()
                parted.setdefault(json.dumps([kind, names]), []).append(each)
        return list(parted.values())

    def _chosen(self, record: ExperimentRecord, names: Collection[str]) -> list[tuple[str, str]]:
        settings = record.settings.items()
        return [
            (name, _text(value))
            for name, value in settings
            if name in names and name not in self.seeds
        ]

    def _told_alike(self, groups: Sequence[Sequence[ExperimentRecord]]) -> list[dict[str, str]]:
        """What a person calls each of them by; what was said of one only is taken from the others' configurations."""
        names = dict.fromkeys(name for of in groups for each in of for name in self._told(each))

        def whole(record: ExperimentRecord) -> dict[str, str]:
            told = self._told(record)
            return {name: told.get(name) or _text(value(record, name)) for name in names}

        found = [list(map(whole, of)) for of in groups]
        shared = [name for name in names if not any(_varies(name, of) for of in found)]
        return [{name: of[0][name] for name in shared} for of in found]

    def _told(self, record: ExperimentRecord) -> dict[str, str]:
        """What a person calls it by: the chosen files, and the words of the command."""
        words = [word.lstrip("+").partition("=") for word in record.overrides if "=" in word]
        told = {name: _text(found) for name, found in record.settings.items()}
        for name, _, text in words:
            told[name] = _text(value(record, name)) or text
        return {
            name: text
            for name, text in told.items()
            if name not in self.seeds and "labkart." not in name
        }


def mean(values: Sequence[float]) -> float:
    """The mean, or nan where there is none: of infinities of both signs, and of values that are too large to add."""
    try:
        return fmean(values)
    except (OverflowError, ValueError):
        return nan


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of the sample (n - 1), or nan where a value is not finite, or too large."""
    try:
        return stdev(values) if all(map(isfinite, values)) else nan
    except OverflowError:
        return nan


def _text(found: Any) -> str:
    """How a value is shown; 1 and 1.0 are the same number, whichever of them somebody typed."""
    if isinstance(found, float) and found.is_integer() and abs(found) < _EXACT:
        found = int(found)
    return "" if found is None else str(found)


def _varies(name: str, told: Sequence[dict[str, str]]) -> bool:
    return len({each.get(name) for each in told}) > 1
