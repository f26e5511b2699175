"""What one task run and one experiment left behind: dataclasses, JSON, atomic writes. Knows no MLflow.

A record lies in a folder of its own with the figures, tables and texts that belong to it:
`outputs/records/tasks/<Task>_<id>/record.json` and `outputs/records/experiments/<id>/record.json`.
"""

import fnmatch
import hashlib
import heapq
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from labkart import digests, project
from labkart.digests import FileState
from labkart.files import read_json, write_atomically

R = TypeVar("R")


class Metric(NamedTuple):
    """A logged number. `step` counts epochs or iterations where there are any; `time` is in seconds since 1970."""

    name: str
    value: float
    step: int | None
    time: float


@dataclass
class TaskRecord:
    """One run of one task. `status` is `done`, `failed`, `pruned` or `killed`; only `done` makes the task complete.

    Attributes:
        params, upstream, code, packages, data: what its id was made of.
        upstream: the records of the upstream tasks, as `<Task>_<id>`.
        code: by file, the digest of each definition that the task reaches.
        data: by parameter, the path and digest of each declared file and folder.
        undeclared: files of the project that it or a task above it read without declaring them.
        dynamic_upstream: the records of the tasks that its `run()` yielded.
        accepted: who said that a change of code does not change this result, when, and what had changed.
    """

    id: str
    name: str
    status: str
    params: dict[str, str]
    upstream: list[str]
    code: dict[str, dict[str, str]]
    packages: dict[str, str]
    data: dict[str, dict[str, str]]
    seed: int
    started: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    outputs: list[FileState]
    undeclared: list[FileState]
    metrics: list[Metric]
    figures: list[str]
    tables: list[str]
    error: str | None
    traceback: str | None
    accepted: dict[str, Any] | None = None
    dynamic_upstream: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    gpu_memory_mb: float | None = None
    schema: int = 2

    def __post_init__(self) -> None:
        self.outputs = [
            each if isinstance(each, FileState) else FileState(**each) for each in self.outputs
        ]
        self.undeclared = [
            each if isinstance(each, FileState) else FileState(**each) for each in self.undeclared
        ]
        self.metrics = [Metric(*each) for each in self.metrics]

    @property
    def key(self) -> str:
        """Its name among the records, by which downstream tasks' records know it."""
        return f"{self.name}_{self.id}"

    @property
    def folder(self) -> Path:
        return task_folder(self.name, self.id)

    def damage(self) -> str:
        """What is not as this run left it: an output, or a file that it read; empty where all is well."""
        here = project.current()
        for root, states in ((here.outputs, self.outputs), (here.root, self.undeclared)):
            for state in states:
                if not digests.unchanged(state, root):
                    path = root / state.path
                    return f"{here.short(path)} {'changed' if path.exists() else 'is gone'}"
        return "" if self.outputs or self.status != "done" else "its record names no output"

    def write(self) -> None:
        """Commit: from the moment that the file has its name, the task is what it says."""
        _write(self.folder, self)


@dataclass
class TaskRun:
    """A task's part in an experiment. `state` is `cached`, `ran`, `failed`, `pruned` or `not run`.

    Attributes:
        label: the class name, with a number where the pipeline has several tasks of one class.
        result: of its record what belongs to the result: what it cost, its data, outputs, metrics, figures and tables;
            of its code and packages a digest.
    """

    label: str
    name: str
    id: str
    state: str
    seconds: float = 0.0
    error: str | None = None
    result: dict[str, Any] = field(default_factory=dict)


@dataclass
class ExperimentRecord:
    """One composed configuration, and what came of it.

    Attributes:
        settings: what tells it from others at a glance: the chosen files of `conf/`, and the plain values at its top.
        config: all of the configuration, as it was composed.
        status: `planned`, `running` and in the end `finished`, `failed`, `pruned` or `killed`.
        artifact_mb: outputs up to this size (in 10^6 bytes) are copied to MLflow.
        kept: what its tasks have written is never cleaned away.
        sweeps: the sweeps that it is part of.
        study, trial: the last search that tried it.
        tags: what `labkart.tags` called it, in this run or an earlier one.
    """

    id: str
    project: str
    command: str
    overrides: list[str]
    settings: dict[str, Any]
    tasks: list[TaskRun]
    status: str = "planned"
    started: str | None = None
    code: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    ended: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    artifact_mb: float = 1.0
    kept: bool = False
    sweeps: list[str] = field(default_factory=list)
    study: str | None = None
    trial: int | None = None
    tags: list[str] = field(default_factory=list)
    schema: int = 2

    def __post_init__(self) -> None:
        self.tasks = [each if isinstance(each, TaskRun) else TaskRun(**each) for each in self.tasks]

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
    return project.current().outputs / f"records/tasks/{name}_{id}"


def _experiment_folder(id: str) -> Path:
    return project.current().outputs / f"records/experiments/{id}"


def read_task(name: str, id: str) -> TaskRecord | None:
    """The record of a task's last run; nothing where it never ran or the file cannot be understood."""
    return read_record(task_folder(name, id), TaskRecord)


def read_experiment(id: str) -> ExperimentRecord | None:
    """The record of an experiment; nothing where there is none or the file cannot be understood."""
    return read_record(_experiment_folder(id), ExperimentRecord)


def finished_tasks(name: str, most: int = 500) -> list[TaskRecord]:
    """The records of the last runs of a task class that ended well, the newest first; at most so many are read."""
    records = [
        read_task(name, folder.name.rpartition("_")[2])
        for folder in _newest(task_folder(name, "*"), most)
    ]
    return sorted(
        (each for each in records if each and each.status == "done"),
        key=lambda each: each.started,
        reverse=True,
    )


def task_names() -> dict[str, str]:
    """The name of each task that has a record, by its id."""
    folders = task_folder("*", "*")
    parts = [folder.name.rpartition("_") for folder in folders.parent.glob(folders.name)]
    return {id: name for name, _, id in parts}


def read_experiments(prefix: str = "", most: int | None = None) -> list[ExperimentRecord]:
    """The records of the experiments whose id begins so, the newest first; of all of them, or of so many."""
    folders = _newest(_experiment_folder(f"{prefix}*"), most)
    return [each for folder in folders if (each := read_record(folder, ExperimentRecord))]


def _newest(folders: Path, most: int | None) -> list[Path]:
    """The folders of that pattern whose records were written last."""
    try:
        with os.scandir(folders.parent) as entries:
            found = [
                (one.stat().st_mtime_ns, one.path)
                for one in entries
                if fnmatch.fnmatch(one.name, folders.name)
            ]
    except FileNotFoundError:
        return []
    return [
        Path(path)
        for _, path in (heapq.nlargest(most, found) if most else sorted(found, reverse=True))
    ]


def digest_of(parts: Any) -> str:
    """Of the code or the packages of a task's record."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def current_time() -> str:
    """The local time with its offset, as the clock on the wall says it."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _write(folder: Path, record: TaskRecord | ExperimentRecord) -> None:
    text = json.dumps(record, default=vars, ensure_ascii=False, indent=1) + "\n"
    write_atomically(
        folder / "record.json", text.encode(errors="backslashreplace")
    )  # JSON's own way to write the rest


def read_record(folder: Path, kind: type[R]) -> R | None:
    """The record in a folder, wherever that is; nothing where there is none or it cannot be understood."""
    found = read_json(folder / "record.json")
    try:
        return kind(**{name: value for name, value in found.items() if name not in _FORMER})
    except (AttributeError, TypeError):
        return None


_FORMER = {"published"}  # of schema 1
