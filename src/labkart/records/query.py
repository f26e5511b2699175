"""Which experiments a person means: by id, by their values, sweep, study, tag, commit and date. Reads records alone."""

import fnmatch
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.files import read_json
from labkart.records import summaries, sweep
from labkart.records.record import ExperimentRecord, read_experiment, read_experiments

_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_TELLING = 6  # letters of a run's id in MLflow that hardly another one begins with, too
_CONDITION = re.compile(r"([^=<>!]+?)\s*(!=|<=|>=|=|<|>)\s*([^=<>!].*|)")
_MOST = 10  # values that a person reads
FACTS = ("id", "started", "status")  # of an experiment itself


@dataclass(frozen=True)
class Condition:
    """`name=value`, with several values between commas and patterns as `model=for*`; or `!=`, `<`, `<=`, `>`, `>=`.

    Attributes:
        name: a chosen file's group (`model`), a value of the configuration (`model.params.depth`), a metric or a fact.
    """

    name: str
    sign: str
    value: str

    @classmethod
    def of(cls, word: str) -> "Condition":
        """Read one. Raises LabkartError where it is none."""
        parts = _CONDITION.fullmatch(word)
        if not parts:
            raise LabkartError(
                f"{word}: wants a name and a value, as model=forest, model!=forest or accuracy>=0.9."
            )
        condition = cls(*parts.groups())
        if condition.sign in _COMPARED and parse_number(condition.value) is None:
            raise LabkartError(f'{word}: "{condition.value}" is no number.')
        return condition

    def holds(self, record: ExperimentRecord) -> bool:
        """Whether an experiment meets it; one that has no such value is only unlike others."""
        found = value(record, self.name)
        if self.sign in _COMPARED:
            here, there = parse_number(found), parse_number(self.value)
            return here is not None and there is not None and _COMPARED[self.sign](here, there)
        return any(_is(found, each) for each in self.value.split(",")) is (self.sign == "=")


@dataclass
class Selection:
    """Experiments by what they have in common; what is empty does not matter.

    Attributes:
        where: what all of them meet.
        sweep, study: the beginning of an id, and a search's name.
        tag: one of those that `labkart.tags` gave them.
        commit: the beginning of the commit that they ran on.
        since, until: days, or moments (ISO 8601), between which they began; both belong to it.
    """

    where: Sequence[Condition] = field(default_factory=tuple)
    sweep: str | None = None
    study: str | None = None
    tag: str | None = None
    commit: str | None = None
    since: str | None = None
    until: str | None = None

    def experiments(self) -> list[ExperimentRecord]:
        """The experiments, newest first; raises what `summaries` does."""
        return [each for found in self.summaries() if (each := read_experiment(found.id))]

    def summaries(self) -> list[ExperimentRecord]:
        """The same without their tasks and machine, quickly.

        Raises:
            LabkartError: no experiment has a value of one of the names, there is no such sweep, study, tag or commit,
                or a date is none.
        """
        meant = set(sweep.find_sweep(self.sweep).experiments) if self.sweep else None
        since = _moment(self.since) if self.since else None
        until = _moment(self.until, timedelta(days=1)) if self.until else None
        every = [each for each in summaries.summaries() if meant is None or each.id in meant]
        self._check_names(every)
        return [
            each
            for each in every
            if (self.study is None or each.study == self.study)
            and (self.tag is None or self.tag in each.tags)
            and (self.commit is None or str(each.code.get("commit")).startswith(self.commit))
            and _is_between(each, since, until)
            and all(condition.holds(each) for condition in self.where)
        ]

    def _check_names(self, records: Sequence[ExperimentRecord]) -> None:
        for condition in self.where:
            check_name(condition.name, records)
        studies = {each.study for each in records if each.study}
        if records and self.study and self.study not in studies:
            raise LabkartError(
                f'No experiment is of a study "{self.study}". {did_you_mean(self.study, studies)}'
            )
        tags = {tag for each in records for tag in each.tags}
        if records and self.tag and self.tag not in tags:
            raise LabkartError(
                f'No experiment has the tag "{self.tag}". {did_you_mean(self.tag, tags)}'
            )
        commits = {commit for each in records if (commit := each.code.get("commit"))}
        if records and self.commit and not any(each.startswith(self.commit) for each in commits):
            known = did_you_mean(self.commit, {each[:8] for each in commits})
            raise LabkartError(f'No experiment ran on a commit "{self.commit}". {known}')


def check_name(name: str, records: Sequence[ExperimentRecord]) -> None:
    """Raise LabkartError where none of some experiments has a value of that name."""
    if records and all(value(each, name) is None for each in records):
        known = {*FACTS, *(known for each in records for known, _ in values(each))}
        raise LabkartError(
            f"{name}: no experiment has such a setting or metric. {did_you_mean(name, known)}"
        )


def unmet_condition(where: Sequence[Condition]) -> str:
    """The first condition whose value no experiment has, with those that there are; empty where each has some."""
    for condition in where:
        every = (value(record, condition.name) for record in summaries.summaries())
        found = {str(each) for each in every if each is not None}
        asked = condition.value.split(",")
        if (
            found
            and condition.sign == "="
            and not any(_is(each, text) for each in found for text in asked)
        ):
            hint = did_you_mean(condition.value, found) if len(found) <= _MOST else ""
            return f"No experiment has {condition.name}={condition.value}. {hint}".strip()
    return ""


def find_experiment(text: str) -> ExperimentRecord:
    """The experiment whose id, or whose run's id in MLflow, begins so.

    Raises:
        LabkartError: there is none, or more than one.
    """
    found = read_experiments(text) if text and re.fullmatch(r"\w+", text) else []
    if not found and len(text) >= _TELLING:
        folder = project.current().outputs / "records" / "experiments"
        ids = [path.parent.name for path in folder.glob("*/.mlflow.json") if _has_run(path, text)]
        found = [each for id in ids if (each := read_experiment(id))]
    if len(found) != 1:
        there = (
            ", ".join(each.id[:8] for each in (found or read_experiments(most=5))[:5]) or "none yet"
        )
        told = "experiments begin with" if found else "experiment begins with"
        raise LabkartError(
            f'{len(found) or "No"} {told} "{text}". There are: {there}. labkart runs lists them.'
        )
    return found[0]


def values(record: ExperimentRecord) -> Iterator[tuple[str, Any]]:
    """What an experiment can be chosen by: settings, values of the configuration by dotted names, metrics."""
    yield from record.settings.items()
    for name, found in flatten(record.config):
        if name not in record.settings and name.partition(".")[0] != "labkart":
            yield name, found
    yield from record.metrics.items()


def value(record: ExperimentRecord, name: str) -> Any:
    """One of these; nothing where the experiment has none of that name."""
    if name in record.settings:
        return record.settings[name]
    node: Any = record.config
    for key in name.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    if node is not None and not isinstance(node, dict):
        return node
    return record.metrics.get(name, getattr(record, name) if name in FACTS else None)


def flatten(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The plain values below a node, by their dotted names."""
    if isinstance(node, dict):
        for key, below in node.items():
            yield from flatten(below, f"{name}.{key}" if name else str(key))
    else:
        yield name, node


def _is(found: Any, text: str) -> bool:
    if found is None or isinstance(found, bool):
        return {None: "null", True: "true", False: "false"}[found] == text.lower()
    here, there = parse_number(found), parse_number(text)
    return (
        here == there
        if here is not None and there is not None
        else fnmatch.fnmatchcase(str(found), text)
    )


def parse_number(found: Any) -> float | None:
    """A value as a number; nothing where it is none."""
    try:
        return None if isinstance(found, bool) else float(found)
    except (TypeError, ValueError):
        return None


def sort_key(found: Any) -> tuple[bool, float, str]:
    """Where a value comes among others: numbers as numbers and before texts."""
    here = parse_number(found)
    return (True, 0.0, str(found)) if here is None else (False, here, "")


def _has_run(notes: Path, text: str) -> bool:
    found = read_json(notes)
    every = found.values() if isinstance(found, dict) else ()
    return any(str(each.get("run")).startswith(text) for each in every if isinstance(each, dict))


def _moment(text: str, day: timedelta = timedelta()) -> datetime:
    """A day or a moment of the wall's clock; `day` is added to what is only a day."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise LabkartError(
            f"{text}: wants a day, as 2026-11-25, or a moment, as 2026-11-25T09:30."
        ) from None
    return (found + day if len(text) <= len("2026-11-25") else found).astimezone()


def _is_between(record: ExperimentRecord, since: datetime | None, until: datetime | None) -> bool:
    if since is None and until is None:
        return True
    if not record.started:
        return False
    began = datetime.fromisoformat(record.started)
    return (since is None or began >= since) and (until is None or began <= until)
