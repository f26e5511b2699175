"""The file `reports/<name>.yaml`, read and checked: what a report shows. Knows no records."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from labkart import project
from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.condition import Condition
from labkart.records.query import Selection
from labkart.results.report.choices import checked_value
from labkart.wording import did_you_mean

NUMBERS = "numbers"  # reports/numbers.tex has those of all reports


@dataclass(frozen=True)
class ReportConfig:
    """One report.

    Attributes:
        name: of its files in `reports/`.
        title: the caption.
        language: of all that is printed, `en` or `ja`.
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
    language: str = "en"
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
        existing = ", ".join(names()) or translate("none yet")
        raise LabkartError(
            translate(
                "{source} does not exist; existing reports: {existing}. Name what to "
                "compare, and it will be made, for example: labkart report {name} "
                "model=logistic,forest",
                source=source,
                existing=existing,
                name=name,
            )
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LabkartError(
            translate(
                "{source}: {split}. Fix that line.",
                source=source,
                split=" ".join(str(error).split()),
            )
        ) from None
    if not isinstance(settings, dict | None):
        raise LabkartError(
            translate(
                "{source} must contain names and values, such as metrics: [accuracy].",
                source=source,
            )
        )
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
        raise LabkartError(
            translate(
                '"{name}" cannot name a report: only letters, digits, "-" and "_" can.', name=name
            )
        )
    if name == NUMBERS:
        raise LabkartError(
            translate(
                "{numbers} cannot name a report: reports/{numbers}.tex has the numbers "
                "of all reports.",
                numbers=NUMBERS,
            )
        )
    known = [setting.name for setting in fields(ReportConfig) if setting.name != "name"]
    for key in settings:
        if key not in known:
            raise LabkartError(
                translate(
                    "{source}: {key} is not a setting of a report. {hint}",
                    source=source,
                    key=key,
                    hint=did_you_mean(str(key), known),
                )
            )
    values = {
        key: checked_value(key, value, source)
        for key, value in settings.items()
        if value is not None
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
                translate(
                    "{source}: primary names {metric}, which is not in metrics. {hint}",
                    source=source,
                    metric=metric,
                    hint=did_you_mean(metric, config.metrics),
                )
            )
