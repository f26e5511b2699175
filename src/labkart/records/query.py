"""Finds the experiments that a person means: by id, values, sweep, study, tag, commit and date.

Reads records, and nothing else.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from labkart import project
from labkart.errors import LabkartError
from labkart.files import read_json
from labkart.language import join_sentences, mistake, translate
from labkart.records import summaries, sweep
from labkart.records.condition import Condition
from labkart.records.record import ExperimentRecord, read_experiment, read_experiments
from labkart.records.values import FACTS, has_value, timestamp, value, values
from labkart.wording import did_you_mean, join_names, listed

_RUN_PREFIX = 6  # letters of a run's id in MLflow with which hardly another one begins
_MOST_VALUES = 10  # values that a person reads


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
        if self.study and self.study not in studies:
            problem = translate('No experiment belongs to a study "{name}".', name=self.study)
            raise _unknown(problem, self.study, studies)
        tags = {tag for record in records for tag in record.tags}
        if self.tag and self.tag not in tags:
            problem = translate('No experiment has the tag "{name}".', name=self.tag)
            raise _unknown(problem, self.tag, tags)
        commits = {record.code["commit"] for record in records if record.code.get("commit")}
        if self.commit and not any(commit.startswith(self.commit) for commit in commits):
            problem = translate('No experiment ran on a commit "{name}".', name=self.commit)
            raise _unknown(problem, self.commit, {commit[:8] for commit in commits})


def _unknown(problem: str, name: str, known: Iterable[str]) -> LabkartError:
    return LabkartError(join_sentences(problem, did_you_mean(name, known)))


def check_name(name: str, records: Sequence[ExperimentRecord]) -> None:
    """Raise LabkartError if none of some experiments has a value of that name."""
    if not records or any(has_value(record, name) for record in records):
        return
    uses = sorted(
        {key for record in records for key in record.settings if key.startswith(f"{name}@")}
    )
    if uses:
        raise mistake(
            "{name}: experiments have {names}. Name one of these.",
            name=name,
            names=join_names(uses),
        )
    # A group of files of which none is chosen is in no configuration.
    is_group = (project.current().root / "conf" / name).is_dir()
    if not is_group:
        names = {*FACTS, *(known for record in records for known, _ in values(record))}
        problem = translate("{name}: no experiment has such a setting or metric.", name=name)
        raise _unknown(problem, name, names)


def unmet_condition(where: Sequence[Condition]) -> str:
    """The first `name=value` that no experiment meets, as a sentence; empty if there is none."""
    for condition in where:
        settings = [value(record, condition.name) for record in summaries.summaries()]
        texts = {str(setting) for setting in settings if setting is not None}
        is_met = condition.sign != "=" or any(map(condition.matches, settings))
        if texts and not is_met:
            hint = did_you_mean(condition.value, texts) if len(texts) <= _MOST_VALUES else ""
            problem = translate(
                "No experiment has {condition}.", condition=f"{condition.name}={condition.value}"
            )
            return join_sentences(problem, hint)
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
    for id in [] if matches or not text else summaries.damaged(text):
        raise mistake("The record of experiment {id} cannot be read: it is damaged.", id=id[:8])
    known = [record.id[:8] for record in matches or read_experiments()]
    ids = listed(known) if known else translate("none yet")
    problem = translate('No experiment begins with "{text}".', text=text)
    if matches:
        problem = translate(
            '{count} experiments begin with "{text}".', count=len(matches), text=text
        )
    hint = translate("There are: {ids}. labkart runs lists them.", ids=ids)
    raise LabkartError(join_sentences(problem, hint))


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
        return (time + day if len(text) <= len("2026-11-25") else time).astimezone()
    except (OverflowError, ValueError):
        raise mistake(
            "{text}: must be a day, such as 2026-11-25, or a time, such as 2026-11-25T09:30.",
            text=text,
        ) from None


def _is_between(record: ExperimentRecord, since: datetime | None, until: datetime | None) -> bool:
    started = timestamp(record.started)
    is_late = since is None or started >= since.timestamp()
    return is_late and (until is None or 0 < started <= until.timestamp())
