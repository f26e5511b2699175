"""The file `reports/<name>.yaml`, read and checked: what a report shows. Knows no records."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from labkart import project
from labkart.language import bilingual, mistake, translate
from labkart.records.condition import Condition, split_conditions
from labkart.records.query import Selection
from labkart.records.seeds import Settings
from labkart.results.report.settings import (
    ALLOWED,
    FIGURES,
    LAYOUTS,
    TESTS,
    Setting,
    choice,
    text,
    texts,
)
from labkart.wording import did_you_mean

NUMBERS = "numbers"  # reports/numbers.tex has those of all reports


@dataclass(frozen=True)
class ReportConfig:
    """One report: its name, and its settings.

    `where` are the conditions that all experiments meet, `labels` what settings, values and metrics
    are called in print. Each other setting has its meaning beside it.
    """

    name: str
    where: Sequence[str] = texts()
    sweep: str | None = text(bilingual("only the experiments of this sweep"))
    study: str | None = text(bilingual("only the experiments of this study"))
    tag: str | None = text(bilingual("only the experiments of this tag"))
    commit: str | None = text(bilingual("only the experiments of this commit"))
    since: str | None = text(bilingual("only those that began on this day or later"), "DAY")
    until: str | None = text(bilingual("only those that began on this day or earlier"), "DAY")
    metrics: Sequence[str] = texts(bilingual("what to compare (default: all metrics)"))
    higher_is_better: Sequence[str] = texts(
        bilingual("metrics that are better if higher, unless their names tell")
    )
    lower_is_better: Sequence[str] = texts(
        bilingual("metrics that are better if lower, unless their names tell")
    )
    baseline: Sequence[str] = texts(
        bilingual("test the others against the one group that meets this (name=value,name=value)"),
        metavar="name=value",
        is_repeated=True,
    )
    pairs: str = choice(
        bilingual("test each group against the baseline, or all pairs of groups (baseline)"),
        *("baseline", "all"),
    )
    datasets: str | None = text(
        bilingual("the setting that names the data set (data), or none"), "NAME"
    )
    interval: str = choice(bilingual("method of confidence intervals (t)"), "t", "bootstrap")
    test: str = choice(bilingual("the paired test against the baseline (t)"), *TESTS, "none")
    items: str | None = text(
        bilingual("test over the items of a logged table, such as per_query, not over runs"),
        "TABLE[:ITEM[:VALUE]]",
    )
    repeat: str = choice(
        bilingual("what the runs of a group are: seeds, or folds of a cross-validation (seed)"),
        *("seed", "fold"),
    )
    primary: Sequence[str] = texts(
        bilingual("the metrics whose tests are corrected together (default: all)")
    )
    layout: str = choice(
        bilingual("a row per metric and group (details), or a column per metric or per system"),
        *LAYOUTS,
    )
    figures: Sequence[str] = texts(
        bilingual("which to draw (default: each that has something to show)"), *FIGURES, "none"
    )
    title: str | None = text(bilingual("the caption"))
    language: str | None = text(
        bilingual("the language of the table, its notes and the figures (the project's)"),
        choices=("en", "ja"),
    )
    labels: Mapping[str, str] = field(default_factory=dict, metadata={"setting": Setting()})
    allow: Sequence[str] = texts(bilingual("what the runs need not have in common"), *ALLOWED)

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

    def file(self, ending: str) -> Path:
        """One of its files: `reports/<name><ending>`."""
        return folder() / f"{self.name}{ending}"

    def label(self, name: str) -> str:
        """The name of a setting, a value or a metric in print."""
        return self.labels.get(name, name)

    def describe(self, settings: Settings) -> str:
        """The settings of a group or a system in print, without those that it does not have."""
        texts = (f"{self.label(key)} {self.label(text)}" for key, text in settings.items() if text)
        return ", ".join(texts)

    def name_system(self, system: Settings) -> str:
        """A system in print: a single setting's value alone, or the settings with their names."""
        if len(system) == 1:
            return self.label(*system.values())
        return self.describe(system) or translate("all")

    def yaml_text(self) -> str:
        """The content of its file."""
        default = ReportConfig(self.name)
        settings = {
            name: value
            for name, value in asdict(self).items()
            if name != "name" and value != getattr(default, name)
        }
        return yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting.metadata["setting"]
    for setting in fields(ReportConfig)
    if setting.name != "name"
}


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
        raise mistake(
            "{source} does not exist; existing reports: {existing}. Name what to "
            "compare, and it will be made, for example: labkart report {name} "
            "model=logistic,forest",
            source=source,
            existing=existing,
            name=name,
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise mistake("{source}: {split}. Fix that line.", source=source, split=problem) from None
    return parse(name, {} if settings is None else settings, source)


def parse(name: str, settings: Any, source: str) -> ReportConfig:
    """Check plain values.

    Args:
        name: of the report.
        settings: by name.
        source: where they come from, for messages.

    Raises:
        LabkartError: a setting is unknown or invalid.
    """
    if not re.fullmatch(r"[\w-]+", name) or name == NUMBERS:
        raise mistake(
            '"{name}" cannot name a report: only letters, digits, "-" and "_" can, and'
            " reports/numbers.tex has the numbers of all reports.",
            name=name,
        )
    if not isinstance(settings, Mapping):
        raise mistake(
            "{source} must contain names and values, such as metrics: [accuracy].",
            source=source,
        )
    for key in settings:
        if key not in SETTINGS:
            raise mistake(
                "{source}: {key} is not a setting of a report. {hint}",
                source=source,
                key=key,
                hint=did_you_mean(str(key), SETTINGS),
            )
    values = {
        key: _checked_value(key, value, source)
        for key, value in settings.items()
        if value is not None
    }
    config = ReportConfig(name, **values)
    for condition in (*config.where, *config.baseline):
        Condition.of(condition)
    return config


def _checked_value(key: str, value: Any, source: str) -> Any:
    setting, expected = SETTINGS[key], ""
    if key != "labels":
        value = setting.normalize(value)
        expected = setting.expectation(value)
    elif not isinstance(value, Mapping):
        expected = translate("names and their labels, such as forest: Random forest")
    if expected:
        shown = json.dumps(value) if isinstance(value, str) else str(value)
        raise mistake(
            "{source}: {key} must be {expected}, got {text}.",
            source=source,
            key=key,
            expected=expected,
            text=shown,
        )
    if key == "labels":
        return {str(name): str(label) for name, label in value.items()}
    if key == "baseline":
        return [condition for text in value for condition in split_conditions(text)]
    return value
