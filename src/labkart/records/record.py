"""The record of one run of a task, and the record of one experiment, as dataclasses and JSON files.

Each record has its own folder, with the figures, tables and texts that belong to it:
`outputs/records/tasks/<Task>_<id>/record.json` and `outputs/records/experiments/<id>/record.json`.
Knows no task class and no MLflow.
"""

import fnmatch
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from labkart import digests, project
from labkart.digests import FileState
from labkart.files import read_text, write_atomically
from labkart.language import translate
from labkart.records import record_file, texts, unpublished
from labkart.records.record_file import from_json, read_record, write_record


class Metric(NamedTuple):
    """A logged number.

    Attributes:
        step: an epoch or iteration, if any.
        time: in seconds since 1970.
        by_mlflow: whether it was logged by a function of MLflow, not of the task.
    """

    name: str
    value: float
    step: int | None
    time: float
    by_mlflow: bool = False

    @classmethod
    def of(cls, items: Sequence[Any]) -> "Metric":
        """The metric that JSON has as a list."""
        name, value, *rest = items
        return cls(name, float(value), *rest)


@dataclass
class TaskRecord:
    """One run of one task. Its id was made of the parameters, upstream, code, packages and data."""

    id: str
    name: str
    status: str  # `done` (only then it is complete), `failed`, `pruned` or `stopped`
    params: dict[str, str]
    upstream: list[str]  # the keys of the upstream tasks' records
    code: dict[str, dict[str, str]]  # the digest of each definition that it reaches, by file
    packages: dict[str, str]
    data: dict[str, dict[str, str]]  # the path and digest of each declared file, by parameter
    seed: int
    started: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    outputs: list[FileState]
    undeclared: list[FileState]  # files that it or an upstream task read without declaring them
    metrics: list[Metric]
    figures: list[str]
    tables: list[str]
    error: str | None
    traceback: str | None
    accepted: dict[str, Any] | None = None  # a change of code that changes no result: what and who
    dynamic_upstream: list[str] = field(default_factory=list)  # keys of the tasks that it yielded
    models: list[str] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)  # further files and folders
    logged_params: dict[str, Any] = field(default_factory=dict)
    gpu_memory_mb: float | None = None
    machine_use: dict[str, float] = field(default_factory=dict)  # see `records.machine_use`
    # The digests of data that packages bring along, by its path among them.
    library_data: dict[str, str] = field(default_factory=dict)
    gpu_libraries: dict[str, str] = field(default_factory=dict)  # its versions of CUDA and cuDNN
    # What it had of what its class asks for by `resources`: the graphics cards, and amounts.
    allocation: dict[str, Any] = field(default_factory=dict)
    edited: bool = False  # whether its file was changed by something else than Labkart
    schema: int = 2

    def __post_init__(self) -> None:
        self.outputs = from_json(FileState, self.outputs)
        self.undeclared = from_json(FileState, self.undeclared)
        self.metrics = [Metric.of(metric) for metric in self.metrics]

    @property
    def key(self) -> str:
        """The name by which the records of downstream tasks know this one."""
        return f"{self.name}_{self.id}"

    @property
    def folder(self) -> Path:
        """Where the record and its figures, tables and texts are."""
        return task_folder(self.name, self.id)

    def damage(self) -> str:
        """The first file that is not as this run left or read it; empty if there is none."""
        if self.edited:
            file = project.current().short(self.folder / record_file.NAME)
            return translate("{file} was edited", file=file)
        return self.output_damage() or _first_change(self.undeclared, project.current().root)

    def output_damage(self) -> str:
        """The first output that is not as this run left it; empty if there is none."""
        if self.status == "done" and not self.outputs:
            return translate("its record names no output")
        return _first_change(self.outputs, project.current().outputs)

    def write(self) -> None:
        """Write the record: from the moment that the file has its name, the run counts."""
        write_record(self.folder, self)


@dataclass
class TaskRun:
    """A task's part in an experiment.

    `result` is the part of its record that belongs to the result: cost, data, outputs, metrics,
    figures and tables, and digests of its code and packages.
    """

    label: str  # the class name; of several tasks of a class, with what differs between them
    name: str
    id: str
    state: str  # `cached`, `ran`, `failed`, `pruned` or `not run`
    seconds: float = 0.0
    error: str | None = None
    result: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "metrics" in self.result:
            self.result["metrics"] = [Metric.of(metric) for metric in self.result["metrics"]]
        files = [*self.result.get("data", {}).values(), *self.result.get("undeclared", ())]
        _ = [(file["path"], file["sha256"]) for file in files]


@dataclass
class ExperimentRecord:
    """One composed configuration and its results."""

    id: str
    project: str
    command: str
    overrides: list[str]
    settings: dict[str, Any]  # the chosen files of `conf/`, and the plain values at its top
    tasks: list[TaskRun]
    # The labels of the tasks that the pipeline returned, by key; empty if that is the last task.
    results: dict[str, str] = field(default_factory=dict)
    # or `running`, in the end `finished`, `failed`, `pruned`, `stopped` (by a person) or `killed`
    status: str = "planned"
    started: str | None = None
    code: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    logged_params: dict[str, Any] = field(default_factory=dict)  # by `<task>.<name>`
    error: str | None = None
    ended: str | None = None
    config: dict[str, Any] = field(default_factory=dict)  # all of it, as it was composed
    references: dict[str, list[str]] = field(default_factory=dict)  # what `${...}` names, by name
    # A keyed digest of each value of the configuration that is masked, by its dotted name.
    masked: dict[str, str] = field(default_factory=dict)
    artifact_mb: float = 1.0  # outputs up to this size (in 10^6 bytes) are copied to MLflow
    artifact_tasks: str = "results"  # of which tasks: `results`, or `all`
    kept: bool = False  # whether `labkart clean` must leave the outputs of its tasks
    sweeps: list[str] = field(default_factory=list)  # the ids of those that it is part of
    study: str | None = None  # the last search that tried it
    trial: int | None = None
    tags: list[str] = field(default_factory=list)  # of `labkart.tags`, also from earlier runs
    # By name, the digests of the texts that other experiments may have as well: see `text`.
    texts: dict[str, str] = field(default_factory=dict)
    edited: bool = False  # whether its file was changed by something else than Labkart
    schema: int = 2

    def __post_init__(self) -> None:
        self.tasks = from_json(TaskRun, self.tasks)
        self.metrics = {name: float(value) for name, value in self.metrics.items()}

    @property
    def folder(self) -> Path:
        """Where the record and its own texts are."""
        return experiment_folder(self.id)

    def files_of(self, task: TaskRun) -> Path:
        """Where the figures and tables of one of its tasks are."""
        return task_folder(task.name, task.id)

    def text(self, name: str) -> str:
        """A text that belongs to it, such as `uv.lock`; empty if it is missing or damaged.

        One beside the record counts first: a person may put it there in place of a masked one.
        """
        return read_text(self.folder / name) or texts.stored_text(self.texts.get(name, ""))

    def write(
        self,
        own: Mapping[str, str] = MappingProxyType({}),
        shared: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write the record, after its texts; an empty text removes an earlier one.

        Args:
            own: texts by name, for files beside the record.
            shared: texts by name that other experiments may have as well: these are stored once.
        """
        for name, text in own.items():
            (self.folder / name).unlink(missing_ok=True)
            if text:
                write_atomically(self.folder / name, text.encode(errors="surrogateescape"))
        digests = {name: texts.store_text(text) if text else "" for name, text in shared.items()}
        self.texts = {name: digest for name, digest in {**self.texts, **digests}.items() if digest}
        write_record(self.folder, self)
        unpublished.add(self.folder)


def task_folder(name: str, id: str) -> Path:
    """Where the record of a task's last run is."""
    return project.current().outputs / f"records/tasks/{name}_{id}"


def checkpoint_folder(key: str) -> Path:
    """Where a task, `<Task>_<id>`, keeps its checkpoints until it is complete."""
    return project.current().outputs / "checkpoints" / key


def experiment_folder(id: str) -> Path:
    """Where the record of an experiment is."""
    return project.current().outputs / f"records/experiments/{id}"


def read_task(name: str, id: str) -> TaskRecord | None:
    """The record of a task's last run; None if it never ran or its record is damaged."""
    return read_record(task_folder(name, id), TaskRecord)


def read_experiment(id: str) -> ExperimentRecord | None:
    """The record of an experiment; None if it is missing or damaged, or another one's."""
    record = read_record(experiment_folder(id), ExperimentRecord)
    return record if record and record.id == id else None


def finished_tasks(name: str, most: int = 500) -> list[TaskRecord]:
    """The last runs of a task class that finished successfully, newest first; at most `most`."""
    folders = _newest(task_folder(name, "*"), most)
    records = [read_task(name, folder.name.rpartition("_")[2]) for folder in folders]
    done = [record for record in records if record and record.status == "done"]
    return sorted(done, key=lambda record: record.started, reverse=True)


def read_experiments(prefix: str = "", most: int | None = None) -> list[ExperimentRecord]:
    """The experiments whose id begins with `prefix`, newest first; at most `most` of them."""
    folders = _newest(experiment_folder(f"{prefix}*"), most)
    return list(filter(None, (read_experiment(folder.name) for folder in folders)))


def _newest(pattern: Path, most: int | None) -> list[Path]:
    """The folders that match a pattern, those whose records were written last first."""
    times = list[tuple[int, str]]()
    with suppress(FileNotFoundError), os.scandir(pattern.parent) as entries:
        for entry in entries:
            if fnmatch.fnmatch(entry.name, pattern.name):
                with suppress(FileNotFoundError):  # another process has just removed it
                    times.append((entry.stat().st_mtime_ns, entry.path))
    return [Path(path) for _, path in sorted(times, reverse=True)[:most]]


def digest_of(parts: Any) -> str:
    """A digest of the code or the packages in a task's record."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def current_time() -> str:
    """The local time with its offset, in ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def describe_change(state: FileState, root: Path) -> str:
    """How a file is not in its state, in words; empty if it is."""
    if digests.unchanged(state, root):
        return ""
    path = root / state.path
    file = project.current().short(path)
    if path.exists():
        return translate("{file} changed", file=file)
    return translate("{file} is gone", file=file)


def _first_change(states: Sequence[FileState], root: Path) -> str:
    return next(filter(None, (describe_change(state, root) for state in states)), "")
