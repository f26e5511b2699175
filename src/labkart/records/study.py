"""The record of a search: one JSON file per study, beside its journal.

Knows no Optuna and no MLflow.
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart import project
from labkart.files import read_json, write_atomically
from labkart.records import locks


@dataclass
class Trial:
    """One trial.

    Attributes:
        state: `complete`, `pruned`, `failed` or `running`.
        words: its parameters as overrides.
        values: those of the objectives, in their order; the last reported one of a pruned trial.
        experiment: the id of its experiment.
    """

    number: int
    state: str
    words: list[str]
    values: list[float] | None = None
    experiment: str | None = None
    error: str | None = None


@dataclass
class Study:
    """A search and its trials.

    Attributes:
        objectives: the metrics, each with `maximize` or `minimize`.
        settings: what fixed the search: sampler, pruner, seed, and the space as it was written.
        best: the numbers of the best trials, the best one first; the Pareto front of several
            objectives.
        status: `running`, `finished` or `killed`.
    """

    name: str
    project: str
    command: str
    objectives: dict[str, str]
    settings: dict[str, Any]
    started: str | None
    trials: list[Trial] = field(default_factory=list)
    best: list[int] = field(default_factory=list)
    status: str = "running"
    ended: str | None = None
    schema: int = 1

    def __post_init__(self) -> None:
        self.trials = [
            trial if isinstance(trial, Trial) else Trial(**trial) for trial in self.trials
        ]

    @property
    def folder(self) -> Path:
        """Where its journal and its record are."""
        return study_folder(self.name)

    @property
    def figures(self) -> Path:
        """The folder of its figures."""
        return project.current().root / "reports" / self.name

    def write(self) -> None:
        """Write the record in place of an earlier one of the same study."""
        text = json.dumps(self, default=vars, ensure_ascii=False, indent=1) + "\n"
        write_atomically(self.folder / "record.json", text.encode(errors="backslashreplace"))


def study_folder(name: str) -> Path:
    """Where a study's journal and record are."""
    return project.current().outputs / "records" / "studies" / name


def read_study(name: str) -> Study | None:
    """The record of a study; None if it is missing or damaged."""
    try:
        return Study(**read_json(study_folder(name) / "record.json"))
    except TypeError:
        return None


def read_studies() -> Sequence[Study]:
    """The records of all studies, oldest first."""
    paths = study_folder("*").parent.glob("*/record.json")
    studies = [read_study(path.parent.name) for path in paths]
    return sorted((study for study in studies if study), key=lambda study: study.started or "")


def mark_searching(name: str) -> AbstractContextManager[bool]:
    """Mark a study as one that this process works on; others may do so, too."""
    return locks.mark_searching(study_folder(name))
