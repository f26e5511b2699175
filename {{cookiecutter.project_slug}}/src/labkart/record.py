"""What one task run and one experiment left behind: dataclasses, JSON, atomic writes. Knows no MLflow.

A record lies in a folder of its own with the figures, tables and texts that belong to it:
`outputs/records/tasks/<Task>_<id>/record.json` and `outputs/records/experiments/<id>/record.json`.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from . import project
from .digest import FileState

R = TypeVar("R")


class Metric(NamedTuple):
    """A logged number. `step` counts epochs or iterations where there are any; `time` is in seconds since 1970."""

    name: str
    value: float
    step: int | None
    time: float


@dataclass
class TaskRecord:
    """One run of one task. `status` is `done`, `failed` or `killed`; only `done` makes the task complete."""

    id: str
    name: str
    status: str
    params: dict[str, str]
    upstream: list[str]
    code: str
    seed: int
    started: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    outputs: list[FileState]
    metrics: list[Metric]
    figures: list[str]
    tables: list[str]
    error: str | None
    traceback: str | None
    schema: int = 1

    def __post_init__(self) -> None:
        self.outputs = [each if isinstance(each, FileState) else FileState(**each) for each in self.outputs]
        self.metrics = [Metric(*each) for each in self.metrics]

    @property
    def folder(self) -> Path:
        return task_folder(self.name, self.id)

    def write(self) -> None:
        """Commit: from the moment that the file has its name, the task is what it says."""
        _write(self.folder, self)


@dataclass
class TaskUse:
    """A task's part in an experiment. `state` is `cached`, `ran`, `failed` or `not run`.

    Its label is the class name, with a number where the pipeline has several tasks of one class.
    """

    label: str
    name: str
    id: str
    state: str
    seconds: float = 0.0
    error: str | None = None


@dataclass
class ExperimentRecord:
    """One composed configuration. `status` is `planned`, `running` and in the end `finished`, `failed` or `killed`."""

    id: str
    project: str
    command: str
    overrides: list[str]
    settings: dict[str, Any]
    tasks: list[TaskUse]
    status: str = "planned"
    started: str | None = None
    code: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    ended: str | None = None
    published: bool = False
    schema: int = 1

    def __post_init__(self) -> None:
        self.tasks = [each if isinstance(each, TaskUse) else TaskUse(**each) for each in self.tasks]

    @property
    def folder(self) -> Path:
        return _experiment_folder(self.id)

    def write(self, texts: dict[str, str] | None = None) -> None:
        """Write the record, and first the texts that lie beside it, by file name; an empty one removes its file."""
        for name, text in (texts or {}).items():
            (self.folder / name).unlink(missing_ok=True)
            if text:
                write_atomically(self.folder / name, text.encode(errors="surrogateescape"))
        _write(self.folder, self)


def task_folder(name: str, id: str) -> Path:
    return project.current().outputs / "records" / "tasks" / f"{name}_{id}"


def _experiment_folder(id: str) -> Path:
    return project.current().outputs / "records" / "experiments" / id


def read_task(name: str, id: str) -> TaskRecord | None:
    """The record of a task's last run; nothing where it never ran or the file cannot be understood."""
    return _read(task_folder(name, id), TaskRecord)


def read_experiment(id: str) -> ExperimentRecord | None:
    """The record of an experiment; nothing where there is none or the file cannot be understood."""
    return _read(_experiment_folder(id), ExperimentRecord)


def now() -> str:
    """The local time with its offset, as the clock on the wall says it."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write(folder: Path, record: TaskRecord | ExperimentRecord) -> None:
    text = json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n"
    write_atomically(folder / "record.json", text.encode(errors="backslashreplace"))  # JSON's own way to write the rest


def _read(folder: Path, kind: type[R]) -> R | None:
    try:
        return kind(**json.loads((folder / "record.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
