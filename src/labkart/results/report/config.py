"""What a report shows: the file `reports/<name>.yaml`, read and checked. Knows no records."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.records.query import Condition, Selection

FIGURES = ("comparison", "curves", "heatmap", "parallel")
ALLOWED = ("code", "data", "packages", "dirty", "missing", "failed")


@dataclass(frozen=True)
class ReportConfig:
    """One report.

    Attributes:
        name: of its files in `reports/`.
        title: the caption.
        where: conditions that all experiments meet, as `model=forest,logistic`.
        sweep, study, tag, commit, since, until: what else they have in common, see `Selection`.
        metrics: what is compared; empty means all that the last task logs.
        baseline: the condition that one group alone meets; the others are compared with that one.
        interval, level: how the confidence intervals are made (`t` or `bootstrap`), and the share of them that holds.
        test: `t`, `wilcoxon` or `none`.
        items: where values of single items are, as `per_fold.csv:fold:score` (a logged table, what names an item,
            its value); then the test pairs items and not seeds.
        figures: which are drawn; empty means each that there is something to show in.
        labels: how settings, values and metrics are called in print.
        allow: by `code`, `data`, ... what the runs need not have in common; the caption names it.
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
    baseline: str | None = None
    interval: str = "t"
    level: float = 0.95
    test: str = "t"
    items: str | None = None
    figures: Sequence[str] = field(default_factory=list)
    labels: Mapping[str, str] = field(default_factory=dict)
    allow: Sequence[str] = field(default_factory=list)

    @property
    def selection(self) -> Selection:
        where = tuple(Condition.of(word) for word in self.where)
        return Selection(
            where, self.sweep, self.study, self.tag, self.commit, self.since, self.until
        )

    @property
    def digest(self) -> str:
        """Of all that it says."""
        return hashlib.sha256(
            json.dumps(asdict(self), sort_keys=True, default=list).encode()
        ).hexdigest()[:16]

    def file(self, ending: str) -> Path:
        """One of its files: `reports/<name><ending>`."""
        return folder() / f"{self.name}{ending}"

    def label(self, word: str) -> str:
        """How a word is called in print."""
        return self.labels.get(word, word)

    def text(self) -> str:
        """The definition as the file says it."""
        plain = ReportConfig(self.name)
        said = {
            name: value for name, value in asdict(self).items() if value != getattr(plain, name)
        }
        said.pop("name", None)
        return yaml.safe_dump(said, allow_unicode=True, sort_keys=False) if said else "{}\n"


def folder() -> Path:
    return project.current().root / "reports"


def every() -> list[str]:
    """The names of all reports that are defined."""
    return sorted(file.stem for file in folder().glob("*.yaml"))


def read(name: str) -> ReportConfig:
    """The definition of a report. Raises LabkartError where there is none, or it says what is none."""
    file = folder() / f"{name}.yaml"
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(every()) or "none yet"
        raise LabkartError(
            f"There is no reports/{name}.yaml; there are: {known}. Say what to compare, for example "
            f"labkart report {name} model=logistic,forest, and it will be made."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LabkartError(
            f"reports/{name}.yaml: {' '.join(str(error).split())}. Mend that line."
        ) from None
    if not isinstance(said, dict | None):
        raise LabkartError(f"reports/{name}.yaml: wants names and values, as metrics: [accuracy].")
    return made(name, said or {}, f"reports/{name}.yaml")


def made(name: str, said: Mapping[Any, Any], place: str) -> ReportConfig:
    """A definition of plain values, each of them checked; `place` is where they come from, for messages."""
    if not re.fullmatch(r"[\w-]+", name):
        raise LabkartError(f'"{name}" cannot name a report: letters, digits, "-" and "_" can.')
    known = [each.name for each in fields(ReportConfig) if each.name != "name"]
    values = dict[str, Any]()
    for key, value in said.items():
        if key not in known:
            raise LabkartError(
                f"{place}: {key} is no setting of a report. {did_you_mean(str(key), known)}"
            )
        if value is None:
            continue
        if key in _LISTS and isinstance(value, str):
            value = [value]
        value = str(value) if key in _TEXTS and not isinstance(value, dict | list) else value
        fits, wanted = _WANTED[key]
        if not fits(value):
            told = json.dumps(value) if isinstance(value, str) else str(value)
            raise LabkartError(f"{place}: {key}: {told} wants to be {wanted}.")
        values[key] = value
    found = ReportConfig(name, **values)
    for word in [*found.where, *([found.baseline] if found.baseline else [])]:
        Condition.of(word)
    if found.items and len(found.metrics) != 1:
        raise LabkartError(
            f"{place}: items are those of one metric; name it in metrics, as metrics: [score]."
        )
    return found


def _one_of(*words: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: value in words), f"one of {', '.join(words)}"


def _some_of(*words: str) -> tuple[Callable[[Any], bool], str]:
    return (
        lambda value: _are_texts(value) and set(value) <= set(words)
    ), f"a list of {', '.join(words)}"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_share(value: Any) -> bool:
    return isinstance(value, float) and 0 < value < 1


_LISTS = ("where", "metrics", "figures", "allow")
_TEXTS = ("title", "sweep", "study", "tag", "commit", "since", "until", "baseline")
_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    **{name: ((lambda value: isinstance(value, str)), "a word") for name in _TEXTS},
    **{name: (_are_texts, "a list of words") for name in ("where", "metrics")},
    "interval": _one_of("t", "bootstrap"),
    "test": _one_of("t", "wilcoxon", "none"),
    "level": (_is_share, "a number between 0 and 1, as 0.95"),
    "items": (
        lambda value: isinstance(value, str) and value.count(":") == 2,
        "a table, the column of items and that of values, as per_fold.csv:fold:score",
    ),
    "figures": _some_of(*FIGURES, "none"),
    "allow": _some_of(*ALLOWED),
    "labels": (
        lambda value: (
            isinstance(value, dict)
            and all(isinstance(each, str) for each in (*value, *value.values()))
        ),
        "names and what they are called, as forest: Random forest",
    ),
}
