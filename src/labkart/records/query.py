"""Finds the experiments that a person means: by id, values, sweep, study, tag, commit and date.

Reads records, and nothing else.
"""

import fnmatch
import operator
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.files import read_json
from labkart.records import summaries, sweep
from labkart.records.record import ExperimentRecord, read_experiment, read_experiments

_COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_CONDITION = re.compile(r"([^=<>!]+?)\s*(!=|<=|>=|=|<|>)\s*([^=<>!].*|)")
_RUN_PREFIX = 6  # letters of a run's id in MLflow with which hardly another one begins
_MOST_VALUES = 10  # values that a person reads
FACTS = ("id", "started", "status")  # of an experiment itself


@dataclass(frozen=True)
class Condition:
    """A condition on a value: `name=value`, or with `!=`, `<`, `<=`, `>` or `>=`."""

    name: str  # a group (`model`), a value of the configuration (`model.depth`), a metric or a fact
    sign: str
    value: str  # for `=` and `!=` also several between commas, and patterns such as `for*`

    @classmethod
    def of(cls, word: str) -> "Condition":
        """Parse a condition.

        Raises:
            LabkartError: it is not one.
        """
        parts = _CONDITION.fullmatch(word)
        if not parts:
            examples = "model=forest, model!=forest or accuracy>=0.9"
            raise LabkartError(f"{word}: must be a name and a value, such as {examples}.")
        condition = cls(*parts.groups())
        if condition.sign in _COMPARISONS and parse_number(condition.value) is None:
            raise LabkartError(f'{word}: "{condition.value}" is not a number.')
        return condition

    def holds(self, record: ExperimentRecord) -> bool:
        """Whether an experiment meets it. One without such a value only meets a `!=`."""
        setting = value(record, self.name)
        if self.sign in _COMPARISONS:
            number, limit = parse_number(setting), parse_number(self.value)
            if number is None or limit is None:
                return False
            return _COMPARISONS[self.sign](number, limit)
        return self.matches(setting) is (self.sign == "=")

    def matches(self, setting: Any) -> bool:
        """Whether a setting is one of the condition's values."""
        return any(_is_equal(setting, text) for text in self.value.split(","))


@dataclass
class Selection:
    """Experiments by what they have in common; empty attributes do not matter."""

    where: Sequence[Condition] = ()  # the conditions that all of them meet
    sweep: str | None = None  # the beginning of its id
    study: str | None = None  # the name of a search
    tag: str | None = None  # that `labkart.tags` gave them
    commit: str | None = None  # the beginning of the commit that they ran on
    since: str | None = None  # the day or time (ISO 8601) that they began, or later
    until: str | None = None  # the day or time that they began, or earlier

    def experiments(self) -> list[ExperimentRecord]:
        """The experiments, newest first. Raises the errors of `summaries`."""
        records = [read_experiment(summary.id) for summary in self.summaries()]
        return [record for record in records if record]

    def summaries(self) -> list[ExperimentRecord]:
        """The same experiments without their tasks and environment, which is faster.

        Raises:
            LabkartError: no experiment has such a value, sweep, study, tag or commit, or a date is
                not one.
        """
        since = _parse_time(self.since) if self.since else None
        until = _parse_time(self.until, timedelta(days=1)) if self.until else None
        candidates = summaries.summaries()
        if self.sweep:
            ids = set(sweep.find_sweep(self.sweep).experiments)
            candidates = [record for record in candidates if record.id in ids]
        self._check(candidates)
        matches = filter(self._contains, candidates)
        return [record for record in matches if _is_between(record, since, until)]

    def _contains(self, record: ExperimentRecord) -> bool:
        commit = str(record.code.get("commit"))
        return (
            self.study in (None, record.study)
            and (self.tag is None or self.tag in record.tags)
            and commit.startswith(self.commit or "")
            and all(condition.holds(record) for condition in self.where)
        )

    def _check(self, records: Sequence[ExperimentRecord]) -> None:
        """Raise LabkartError for a name that no experiment has."""
        if not records:
            return
        for condition in self.where:
            check_name(condition.name, records)
        studies = {record.study for record in records if record.study}
        _refuse_unknown(self.study, studies, "belongs to a study")
        tags = {tag for record in records for tag in record.tags}
        _refuse_unknown(self.tag, tags, "has the tag")
        commits = {record.code["commit"] for record in records if record.code.get("commit")}
        if self.commit and not any(commit.startswith(self.commit) for commit in commits):
            _refuse_unknown(self.commit, {commit[:8] for commit in commits}, "ran on a commit")


def check_name(name: str, records: Sequence[ExperimentRecord]) -> None:
    """Raise LabkartError if none of some experiments has a value of that name."""
    if records and all(value(record, name) is None for record in records):
        names = {*FACTS, *(known for record in records for known, _ in values(record))}
        hint = did_you_mean(name, names)
        raise LabkartError(f"{name}: no experiment has such a setting or metric. {hint}")


def unmet_condition(where: Sequence[Condition]) -> str:
    """The first `name=value` that no experiment meets, as a sentence; empty if there is none."""
    for condition in where:
        settings = (value(record, condition.name) for record in summaries.summaries())
        texts = {str(setting) for setting in settings if setting is not None}
        is_met = condition.sign != "=" or any(condition.matches(text) for text in texts)
        if texts and not is_met:
            hint = did_you_mean(condition.value, texts) if len(texts) <= _MOST_VALUES else ""
            return f"No experiment has {condition.name}={condition.value}. {hint}".strip()
    return ""


def find_experiment(text: str) -> ExperimentRecord:
    """The experiment whose id, or whose run's id in MLflow, begins with a text.

    Raises:
        LabkartError: there is none, or more than one.
    """
    matches = read_experiments(text) if text and re.fullmatch(r"\w+", text) else []
    if not matches and len(text) >= _RUN_PREFIX:
        matches = _experiments_of_run(text)
    if len(matches) == 1:
        return matches[0]
    known = (matches or read_experiments(most=5))[:5]
    ids = ", ".join(record.id[:8] for record in known) or "none yet"
    count = f"{len(matches)} experiments begin" if matches else "No experiment begins"
    raise LabkartError(f'{count} with "{text}". There are: {ids}. labkart runs lists them.')


def values(record: ExperimentRecord) -> Iterator[tuple[str, Any]]:
    """The settings, the values of the configuration by dotted names, and the metrics."""
    yield from record.settings.items()
    for name, leaf in flatten(record.config):
        if name not in record.settings and name.partition(".")[0] != "labkart":
            yield name, leaf
    yield from record.metrics.items()


def value(record: ExperimentRecord, name: str) -> Any:
    """The setting, value, metric or fact of that name; None if the experiment has none."""
    if name in record.settings:
        return record.settings[name]
    node: Any = record.config
    for key in name.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    if node is not None and not isinstance(node, dict):
        return node
    if name in record.metrics:
        return record.metrics[name]
    return getattr(record, name) if name in FACTS else None


def flatten(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The plain values below a node, with their dotted names."""
    if not isinstance(node, dict):
        yield name, node
        return
    for key, child in node.items():
        yield from flatten(child, f"{name}.{key}" if name else str(key))


def parse_number(value: Any) -> float | None:
    """A value as a number; None if it is not one."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def sort_key(value: Any) -> tuple[bool, float, str]:
    """A key that sorts numbers as numbers, and before texts."""
    number = parse_number(value)
    return (True, 0.0, str(value)) if number is None else (False, number, "")


def _refuse_unknown(name: str | None, known: Collection[str], fact: str) -> None:
    if name and name not in known:
        raise LabkartError(f'No experiment {fact} "{name}". {did_you_mean(name, known)}')


def _is_equal(setting: Any, text: str) -> bool:
    """Whether a setting is what a person means by a text, which may be a pattern."""
    if setting is None or isinstance(setting, bool):
        return {None: "null", True: "true", False: "false"}[setting] == text.lower()
    number, expected = parse_number(setting), parse_number(text)
    if number is not None and expected is not None:
        return number == expected
    return fnmatch.fnmatchcase(str(setting), text)


def _experiments_of_run(prefix: str) -> list[ExperimentRecord]:
    files = (project.current().outputs / "records" / "experiments").glob("*/.mlflow.json")
    records = [read_experiment(file.parent.name) for file in files if _has_run(file, prefix)]
    return [record for record in records if record]


def _has_run(file: Path, prefix: str) -> bool:
    content = read_json(file)
    links = content.values() if isinstance(content, dict) else ()
    runs = [link.get("run") for link in links if isinstance(link, dict)]
    return any(str(run).startswith(prefix) for run in runs)


def _parse_time(text: str, day: timedelta = timedelta()) -> datetime:
    """A day or a local time; `day` is added if it is only a day."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        examples = "a day, such as 2026-11-25, or a time, such as 2026-11-25T09:30"
        raise LabkartError(f"{text}: must be {examples}.") from None
    return (time + day if len(text) <= len("2026-11-25") else time).astimezone()


def _is_between(record: ExperimentRecord, since: datetime | None, until: datetime | None) -> bool:
    if since is None and until is None:
        return True
    if not record.started:
        return False
    started = datetime.fromisoformat(record.started)
    return (since is None or started >= since) and (until is None or started <= until)
