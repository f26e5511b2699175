"""Groups experiments that differ only by a seed, and ranks the groups by the mean of a metric.

Reads records and nothing else. Intervals and tests of significance are the report's.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import isfinite, isnan, nan
from statistics import fmean, stdev
from statistics import mean as exact_mean
from typing import Any

from labkart.nested import flatten
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.values import (
    NUMBERS,
    WITHOUT_EFFECT,
    has_value,
    mark,
    sort_key,
    text_of,
    value,
)

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

    def is_any_of(self, ids: Collection[str]) -> bool:
        """Whether one of its experiments has one of these ids."""
        return any(record.id in ids for record in self.records)

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds; None if no experiment has the metric."""
        values = self.values(metric)
        return mean(values) if values else None

    def deviation(self, metric: str) -> float | None:
        """The standard deviation of the sample (n - 1); None for fewer than two values.

        It is 0 where the values differ by rounding alone.
        """
        values = self.values(metric)
        if len(values) < 2:
            return None
        spread = deviation(values)
        return 0.0 if isfinite(spread) and are_equal(values) else spread


@dataclass
class Ranking:
    """How experiments are grouped and ranked."""

    seeds: Collection[str] = ("seed",)  # make another sample and not another configuration
    metric: str | None = None  # ranks; by default the first one that was logged
    directions: Directions = field(default_factory=Directions)  # what a person says of metrics

    def group(self, records: Sequence[ExperimentRecord]) -> list[Group]:
        """The groups, best first, or by their settings; those without the metric last."""
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

    @classmethod
    def of(
        cls, settings: Mapping[str, Any], folds: Iterable[str] = (), metric: str | None = None
    ) -> "Ranking":
        """The ranking that the section `labkart` of a configuration asks for.

        Args:
            settings: of that section.
            folds: settings that choose a part of a cross-validation: they count as seeds.
            metric: what ranks, if not those settings say it.
        """
        higher, lower = (settings.get(f"{side}_is_better") or () for side in ("higher", "lower"))
        seeds = dict.fromkeys([*(settings.get("seeds") or ["seed"]), *folds])
        return cls(list(seeds), metric or settings.get("rank_by"), Directions(higher, lower))

    def config_key(self, record: ExperimentRecord) -> Hashable:
        """What the experiments of one group have in common: files and values, but no seeds.

        A file without a section of its own, as those of `conf/experiment/`, only sets what others
        may set as well, and does not count.
        """
        values = self._values(record, _key)
        return self._files(record, record.config), frozenset(values.items())

    def seed_key(self, record: ExperimentRecord) -> tuple[tuple[str, Any], ...]:
        """The seeds with their values, which distinguish the experiments of one group.

        Without those that are made of another one, and those that its configuration does not have.
        """
        seeds = {name: value(record, name) for name in self.seeds if has_value(record, name)}
        return tuple(
            (name, str(seed) if isinstance(seed, list) else seed)
            for name, seed in seeds.items()
            if not any(self.is_seed(record, source) for source in _sources(record, name))
        )

    def is_seed(self, record: ExperimentRecord, name: str) -> bool:
        """Whether a setting is a seed, or `conf/` makes it of one by `${seed}`."""
        sources = _sources(record, name)
        return name in self.seeds or any(self.is_seed(record, source) for source in sources)

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
        records = list(chain.from_iterable(groups))
        names = dict.fromkeys(name for record in records for name in self._typed(record))
        # Those of files of which none may be chosen; then no configuration has the name.
        files = {name for name in names if "." not in name and not _is_added(name, records)}
        whole = [[self._named(record, names, files) for record in members] for members in groups]
        shared = [name for name in names if not any(_varies(name, part) for part in whole)]
        labels = [{name: part[0][name] for name in shared} for part in whole]
        if len({tuple(label.items()) for label in labels}) == len(labels):
            return labels
        # The same words mean different things: a file of conf/ was edited between two runs.
        firsts = [self._values(members[0], _text) for members in groups]
        return [label | values for label, values in zip(labels, firsts, strict=True)]

    def _ranked(self, groups: list[Group]) -> list[Group]:
        metric = next(iter(self.metrics(groups)), "")
        direction = self.directions.of(metric)
        if not direction:
            groups = sorted(groups, key=lambda group: list(map(sort_key, group.settings.values())))

        def rank(group: Group) -> tuple[bool, float]:
            mean = group.mean(metric)
            if mean is None or isnan(mean):
                return True, 0.0
            return False, -direction * mean if direction else 0.0

        return sorted(groups, key=rank)

    def _values(self, record: ExperimentRecord, write: Callable[[Any], str]) -> Settings:
        """All values of the configuration that may change a result, but the seeds."""
        return {
            name: write(leaf) + mark(record, name)
            for name, leaf in flatten(record.config)
            if name.partition(".")[0] not in WITHOUT_EFFECT and not self.is_seed(record, name)
        }

    def _files(self, record: ExperimentRecord, names: Collection[str]) -> Hashable:
        """Those of an experiment's settings that have one of these names and are not seeds."""
        return frozenset(
            (name, _text(setting) + mark(record, name))
            for name, setting in record.settings.items()
            if name in names and not self.is_seed(record, name)
        )

    def _typed(self, record: ExperimentRecord) -> Settings:
        """What a person calls an experiment: the chosen files, and the overrides of the command."""
        settings = record.settings.items()
        typed = {name: _text(setting) + mark(record, name) for name, setting in settings}
        for override in record.overrides:
            name, sign, text = override.lstrip("+").partition("=")
            if sign:
                typed[name] = (_text(value(record, name)) or text) + mark(record, name)
        return {
            name: text
            for name, text in typed.items()
            if name.partition(".")[0] not in WITHOUT_EFFECT and not self.is_seed(record, name)
        }

    def _named(
        self, record: ExperimentRecord, names: Iterable[str], files: Collection[str]
    ) -> Settings:
        """The settings of these names; what was not typed is taken from the configuration.

        Empty is a parameter that unlike experiments have, a section of which settings were typed,
        and what follows a seed.
        """
        typed = self._typed(record)
        named = {name: typed.get(name) or _untyped(record, name, typed, files) for name in names}
        return {name: "" if self.is_seed(record, name) else text for name, text in named.items()}


def _sources(record: ExperimentRecord, name: str) -> list[str]:
    """The settings of which the value of one is made, or of which its section is a copy."""
    return [
        f"{source}{name.removeprefix(made)}"
        for made, sources in record.references.items()
        for source in sources
        if name == made or name.startswith(f"{made}.")
    ]


def _untyped(
    record: ExperimentRecord, name: str, typed: Iterable[str], files: Collection[str]
) -> str:
    setting = value(record, name)
    if setting is None:
        return "null" if has_value(record, name) or name in files else ""
    if isinstance(setting, dict) and any(other.startswith(f"{name}.") for other in typed):
        return ""
    return _text(setting) + mark(record, name)


def are_equal(values: Sequence[float], size: float = 0.0) -> bool:
    """Whether values differ only by the rounding of numbers of their size."""
    return max(values) - min(values) <= 1e-12 * max(size, *map(abs, values))


def mean(values: Sequence[float]) -> float:
    """The mean, or nan for infinities of both signs."""
    try:
        return fmean(values)
    except (OverflowError, ValueError):  # of values that are too large to add as they are
        return float(exact_mean(values))


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


def _key(value: Any) -> str:
    """What is the same for equal values; a text that says `nan` or `null` is another value."""
    is_text = isinstance(value, str) and value not in NUMBERS
    return repr(value) if is_text else _text(value)


def _text(value: Any) -> str:
    """How a value is shown; 1 and 1.0 are the same number, whichever of them was typed."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if isinstance(value, dict):
        return text_of(value)
    if isinstance(value, str):
        return NUMBERS.get(value, value)
    return "" if value is None else str(value)


def _is_added(name: str, records: Iterable[ExperimentRecord]) -> bool:
    """Whether an experiment added the name to the configuration."""
    return any(f"+{name}=" in override for record in records for override in record.overrides)


def _varies(name: str, labels: Sequence[Settings]) -> bool:
    return len({label.get(name) for label in labels}) > 1
