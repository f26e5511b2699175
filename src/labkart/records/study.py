"""The record of a search: one JSON file per study, beside its journal.

Knows no Optuna and no MLflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart import project
from labkart.language import translate, translate_count
from labkart.records import unpublished
from labkart.records.record_file import from_json, read_record, write_record


@dataclass
class Trial:
    """One trial of a search."""

    number: int
    state: str  # `complete`, `pruned`, `failed` or `running`
    words: list[str]  # its parameters as overrides
    values: list[float] | None = None  # of the objectives; the last reported one if it was pruned
    experiment: str | None = None  # the id
    error: str | None = None  # why it failed, or stopped early
    seconds: float = 0.0  # how long its tasks took; 0 if all of them were cached


@dataclass
class Study:
    """A search and its trials."""

    name: str
    project: str
    command: str
    objectives: dict[str, str]  # the metrics, each with `maximize` or `minimize`
    settings: dict[str, Any]  # sampler, pruner and space, as they were written
    started: str | None
    trials: list[Trial] = field(default_factory=list)
    best: list[int] = field(default_factory=list)  # numbers, best first, or the Pareto front's
    status: str = "running"  # or `finished`, `stopped`, `killed`
    ended: str | None = None
    schema: int = 1

    def __post_init__(self) -> None:
        self.trials = from_json(Trial, self.trials)
        for trial in self.trials:
            trial.values = trial.values and [float(value) for value in trial.values]

    @property
    def folder(self) -> Path:
        """Where its journal and its record are."""
        return study_folder(self.name)

    @property
    def figures(self) -> Path:
        """The folder of its figures."""
        return project.current().root / "reports" / self.name

    def describe_change(self) -> str:
        """What differs from the last study of the same file; empty if it is the first one."""
        option = self.name.rpartition("-")[0]
        studies = [study for study in read_studies() if study.name.rpartition("-")[0] == option]
        if not studies:
            return ""
        last = studies[-1]
        changes = {
            translate("the objective"): last.objectives != self.objectives,
            translate("the sampler"): last.settings.get("sampler") != self.settings["sampler"],
            translate("the pruner"): last.settings.get("pruner") != self.settings["pruner"],
            translate("the space"): last.settings != self.settings,
            translate("code, data or a setting of all trials"): True,
        }
        change = next(part for part, is_changed in changes.items() if is_changed)
        return translate_count(
            "  a new study: {change} has changed since {name} ({count} trial)",
            "  a new study: {change} has changed since {name} ({count} trials)",
            len(last.trials),
            change=change,
            name=last.name,
        )

    def write(self) -> None:
        """Write the record in place of an earlier one of the same study."""
        write_record(self.folder, self)
        unpublished.add(self.folder)


def study_folder(name: str) -> Path:
    """Where a study's journal and record are."""
    return project.current().outputs / "records" / "studies" / name


def read_study(name: str) -> Study | None:
    """The record of a study; None if it is missing or damaged."""
    return read_record(study_folder(name), Study)


def read_studies() -> Sequence[Study]:
    """The records of all studies, oldest first."""
    folders = study_folder("*").parent.glob("*")
    studies = [read_record(folder, Study) for folder in folders]
    return sorted((study for study in studies if study), key=lambda study: study.started or "")
