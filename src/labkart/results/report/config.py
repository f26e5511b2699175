"""The file `reports/<name>.yaml`, read and checked: what a report shows. Knows no records."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from labkart import project
from labkart.errors import LabkartError
from labkart.records.condition import Condition, split_conditions
from labkart.records.query import Selection
from labkart.wording import did_you_mean

FIGURES = ("comparison", "curves", "heatmap", "parallel", "ranks")
TESTS = ("t", "wilcoxon", "permutation", "mcnemar")
PAIRS = ("baseline", "all")
LAYOUTS = ("details", "metrics", "systems")
NUMBERS = "numbers"  # reports/numbers.tex has those of all reports
ALLOWED = ("code", "data", "packages", "dirty", "missing", "failed")


@dataclass(frozen=True)
class ReportConfig:
    """One report.

    Attributes:
        name: of its files in `reports/`.
        title: the caption.
        where: conditions that all experiments meet, such as `model=forest,logistic`.
        sweep: the sweep of all experiments, see `Selection`; also `study`, `tag`, `commit`, `since`
            and `until`.
        metrics: the metrics to compare; empty means all that the results log.
        higher_is_better: metrics of which higher is better; it counts before what conf/ said.
        lower_is_better: those of which lower is better.
        baseline: the conditions that only one group of a data set meets; the others are compared
            with that group.
        pairs: which groups are tested: each with its `baseline`, or `all` with each other.
        datasets: the setting that names the data set; by default `data`, or `none`.
        interval: the method of the confidence intervals, `t` or `bootstrap`.
        level: the share of the confidence intervals that contain the mean.
        test: one of `paired.TESTS`, or `none`.
        repeat: what the runs of a group are: `seed`, or `fold` (parts of a cross-validation).
        primary: the metrics whose tests are one family; empty means all.
        items: where the values of single items are, see `items.Items`; then the test pairs items,
            not runs.
        layout: of the table: `details` has a row per metric and group with all its numbers,
            `metrics` a column per metric, `systems` a column per system.
        figures: which are drawn; empty means all that have something to show.
        labels: the names of settings, values and metrics in print.
        allow: what the runs need not have in common (`code`, `data`, ...); the caption names it.
    """

    name: str
    title: str = ""
    where: Sequence[str] = field(default_factory=list)
    sweep: str | None = None
    study: str | None = None
    tag: str | None = None
    commit: str | None = None
    since: str | None = None
    until: str | None = None
    metrics: Sequence[str] = field(default_factory=list)
    higher_is_better: Sequence[str] = field(default_factory=list)
    lower_is_better: Sequence[str] = field(default_factory=list)
    baseline: Sequence[str] = field(default_factory=list)
    pairs: str = "baseline"
    datasets: str | None = None
    interval: str = "t"
    level: float = 0.95
    test: str = "t"
    repeat: str = "seed"
    primary: Sequence[str] = field(default_factory=list)
    items: str | None = None
    layout: str = "details"
    figures: Sequence[str] = field(default_factory=list)
    labels: Mapping[str, str] = field(default_factory=dict)
    allow: Sequence[str] = field(default_factory=list)

    @property
    def selection(self) -> Selection:
        """The experiments that the report is about."""
        where = tuple(Condition.of(condition) for condition in self.where)
        return Selection(
            where, self.sweep, self.study, self.tag, self.commit, self.since, self.until
        )

    @property
    def is_compact(self) -> bool:
        """Whether a cell of its table has a mean with a mark, and no more."""
        return self.layout != "details"

    @property
    def digest(self) -> str:
        """Of all settings."""
        text = json.dumps(asdict(self), sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def file(self, ending: str) -> Path:
        """One of its files: `reports/<name><ending>`."""
        return folder() / f"{self.name}{ending}"

    def label(self, name: str) -> str:
        """The name of a setting, a value or a metric in print."""
        return self.labels.get(name, name)

    def primary_of(self, metrics: Iterable[str]) -> list[str]:
        """Those of some metrics whose tests are one family."""
        names = list(metrics)
        return [name for name in names if name in self.primary] or names

    def yaml_text(self) -> str:
        """The content of its file."""
        default = ReportConfig(self.name)
        settings = {
            name: value
            for name, value in asdict(self).items()
            if name != "name" and value != getattr(default, name)
        }
        return yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)


def folder() -> Path:
    """The folder of all reports."""
    return project.current().root / "reports"


def names() -> list[str]:
    """The names of all reports that have a file."""
    return sorted(file.stem for file in folder().glob("*.yaml"))


def read(name: str) -> ReportConfig:
    """Read the file of a report.

    Raises:
        LabkartError: it does not exist, or a setting is invalid.
    """
    source = f"reports/{name}.yaml"
    try:
        settings = yaml.safe_load((folder() / f"{name}.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        existing = ", ".join(names()) or "none yet"
        raise LabkartError(
            f"{source} does not exist; existing reports: {existing}. Name what to compare, and it "
            f"will be made, for example: labkart report {name} model=logistic,forest"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LabkartError(f"{source}: {' '.join(str(error).split())}. Fix that line.") from None
    if not isinstance(settings, dict | None):
        raise LabkartError(f"{source} must contain names and values, such as metrics: [accuracy].")
    return parse(name, settings or {}, source)


def parse(name: str, settings: Mapping[Any, Any], source: str) -> ReportConfig:
    """Check plain values.

    Args:
        name: of the report.
        settings: by name.
        source: where they come from, for messages.

    Raises:
        LabkartError: a setting is unknown or invalid.
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise LabkartError(f'"{name}" cannot name a report: only letters, digits, "-" and "_" can.')
    if name == NUMBERS:
        raise LabkartError(
            f"{NUMBERS} cannot name a report: reports/{NUMBERS}.tex has the numbers of all reports."
        )
    known = [setting.name for setting in fields(ReportConfig) if setting.name != "name"]
    for key in settings:
        if key not in known:
            raise LabkartError(
                f"{source}: {key} is not a setting of a report. {did_you_mean(str(key), known)}"
            )
    values = {
        key: _checked(key, value, source) for key, value in settings.items() if value is not None
    }
    config = ReportConfig(name, **values)
    for condition in (*config.where, *config.baseline):
        Condition.of(condition)
    _check_primary(config, source)
    return config


def _check_primary(config: ReportConfig, source: str) -> None:
    for metric in config.primary:
        if config.metrics and metric not in config.metrics:
            raise LabkartError(
                f"{source}: primary names {metric}, which is not in metrics. "
                f"{did_you_mean(metric, config.metrics)}"
            )


def _checked(key: str, value: Any, source: str) -> Any:
    if key in _LISTS and isinstance(value, str):
        value = [value]
    if key == "baseline" and _are_texts(value):
        value = [condition for text in value for condition in split_conditions(text)]
    if key in _TEXTS and not isinstance(value, dict | list):
        value = str(value)
    check = _CHECKS[key]
    if not check.fits(value):
        text = json.dumps(value) if isinstance(value, str) else str(value)
        raise LabkartError(f"{source}: {key} must be {check.expected}, got {text}.")
    return value


class _Check(NamedTuple):
    fits: Callable[[Any], bool]
    expected: str


def _one_of(*choices: str) -> _Check:
    return _Check(lambda value: value in choices, f"one of {', '.join(choices)}")


def _list_of(*choices: str) -> _Check:
    return _Check(
        lambda value: _are_texts(value) and set(value) <= set(choices),
        f"a list of {', '.join(choices)}",
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, (*value, *value.values())))


def _is_share(value: Any) -> bool:
    return isinstance(value, float) and 0 < value < 1


def _is_table_of_items(value: Any) -> bool:
    return isinstance(value, str) and value.count(":") <= 2


_LISTS_OF_TEXTS = ("where", "baseline", "metrics", "primary")
_LISTS_OF_TEXTS += ("higher_is_better", "lower_is_better")
_LISTS = (*_LISTS_OF_TEXTS, "figures", "allow")
_TEXTS = ("title", "sweep", "study", "tag", "commit", "since", "until", "datasets")
_CHECKS: dict[str, _Check] = {
    **dict.fromkeys(_TEXTS, _Check(_is_text, "a text")),
    **dict.fromkeys(_LISTS_OF_TEXTS, _Check(_are_texts, "a list of texts")),
    "interval": _one_of("t", "bootstrap"),
    "test": _one_of(*TESTS, "none"),
    "repeat": _one_of("seed", "fold"),
    "pairs": _one_of(*PAIRS),
    "level": _Check(_is_share, "a number between 0 and 1, such as 0.95"),
    "items": _Check(
        _is_table_of_items,
        "a logged table, and if need be its columns: per_query, per_query:query, or"
        " per_query:query:score",
    ),
    "layout": _one_of(*LAYOUTS),
    "figures": _list_of(*FIGURES, "none"),
    "allow": _list_of(*ALLOWED),
    "labels": _Check(_are_labels, "names and their labels, such as forest: Random forest"),
}
