"""Writes what tasks told MLflow by MLflow's own functions into any store, from their records.

What belongs to the experiment's own run goes to `experiment_run`, which sends it with the rest; the
runs below it and the models are written here.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from labkart.records import mlflow_log, record
from labkart.records.mlflow_log import LoggedRun, MlflowLog
from labkart.records.record import ExperimentRecord
from labkart.tracking import artifacts, entities, models
from labkart.tracking.direct import reader
from labkart.tracking.models import OWN
from labkart.tracking.store import OpenStore

# The experiment's run has its own; see `entities.tags`.
_SYSTEM = ("mlflow.user", "mlflow.source.")
_MOST_RUNS = 50_000  # that MLflow returns at once
_FILES = "mlflow.loggedArtifacts"  # the tag that lists tables, in JSON


@dataclass
class Logged:
    """What one task told MLflow, and the folder of its files."""

    label: str
    log: MlflowLog
    folder: Path


def read(experiment: ExperimentRecord) -> list[Logged]:
    """What the tasks of an experiment told MLflow, also those that were killed."""
    logged = list[Logged]()
    for use in experiment.tasks:
        folder = record.task_folder(use.name, use.id)
        log = mlflow_log.read_log(folder)
        if not log and mlflow_log.stores(folder):
            log = reader.collect(folder)
        if log:
            logged.append(Logged(use.label, log, folder / mlflow_log.FOLDER))
    return logged


def params(logged: Sequence[Logged], taken: Iterable[str]) -> dict[str, str]:
    """The parameters that go to the experiment's run, beside those whose names are taken."""
    values = [(task, name, run.params[name]) for task, run in _outer(logged) for name in run.params]
    names = _names(((task.label, name) for task, name, _ in values), taken)
    return {names[task.label, name]: value for task, name, value in values}


def tags(logged: Sequence[Logged], taken: Iterable[str]) -> dict[str, str]:
    """The tags that go to the experiment's run, beside those whose names are taken."""
    values = [
        (task, name, text)
        for task, run in _outer(logged)
        for name, text in run.tags.items()
        if not name.startswith(_SYSTEM) and name != _FILES
    ]
    names = _names(((task.label, name) for task, name, _ in values), taken)
    return {names[task.label, name]: text for task, name, text in values}


def datasets(logged: Sequence[Logged]) -> list[DatasetInput]:
    """The data sets that go to the experiment's run."""
    return [item for _, run in _outer(logged) for item in _datasets(run)]


def copy_files(folder: Path, logged: Sequence[Logged]) -> dict[str, str]:
    """Copy what belongs to the experiment's run into a folder that has its other files.

    A file whose name several tasks use, or the experiment itself, goes to a folder of its task.

    Returns:
        Tags that list the tables among them, as MLflow has it.
    """
    taken = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    files = [
        (task, path.relative_to(base).as_posix(), path)
        for task, run in _outer(logged)
        for base in [task.folder / run.artifacts]
        for path in (base.rglob("*") if run.artifacts else ())
        if path.is_file()
    ]
    names = _names(((task.label, name) for task, name, _ in files), taken, sign="/")
    for task, name, path in files:
        artifacts.link(folder / names[task.label, name], path)
    listed = [
        {**item, "path": names.get((task.label, item["path"]), item["path"])}
        for task, run in _outer(logged)
        for item in json.loads(run.tags.get(_FILES, "[]"))
    ]
    return {_FILES: json.dumps(listed)} if listed else {}


def write(opened: OpenStore, run: str, logged: Sequence[Logged]) -> None:
    """Write the runs below an experiment's run, which has none yet, and the models."""
    for task in logged:
        runs: dict[str | None, str] = {None: run}
        for child in task.log.runs:  # in the order in which they began: parents come first
            parent = runs.get(child.parent, run)
            own = {OWN: f"{run}/{child.key}", MLFLOW_PARENT_RUN_ID: parent}
            runs[child.key] = _write_run(opened, child, own, task.folder)
        for model in task.log.models:
            parent = runs.get(model.run, run)
            models.write_logged(opened, parent, model, task.folder)


def delete_runs(opened: OpenStore, run: str) -> None:
    """Delete the runs that `write` has written below an experiment's run."""
    query = f"tags.`{OWN}` LIKE '{run}/%'"
    client, experiment_id = opened
    for child in client.search_runs([experiment_id], query, max_results=_MOST_RUNS):
        client.delete_run(child.info.run_id)


def _outer(logged: Iterable[Logged]) -> Iterator[tuple[Logged, LoggedRun]]:
    return ((task, run) for task in logged for run in task.log.outer)


def _names(
    logged: Iterable[tuple[str, str]], taken: Iterable[str], sign: str = "."
) -> dict[tuple[str, str], str]:
    """The name that each task's name gets: its own, or with the task's label if that is taken."""
    pairs = dict.fromkeys(logged)
    counts = Counter([*taken, *(name for _, name in pairs)])
    return {
        (label, name): name if counts[name] == 1 else f"{label}{sign}{name}"
        for label, name in pairs
    }


def _datasets(run: LoggedRun) -> list[DatasetInput]:
    return [
        DatasetInput(
            Dataset(**item["dataset"]),
            [InputTag(name, text) for name, text in item["tags"].items()],
        )
        for item in run.inputs
    ]


def _write_run(opened: OpenStore, run: LoggedRun, own: dict[str, str], folder: Path) -> str:
    client, experiment_id = opened
    tags = {tag.key: tag.value for tag in entities.texts(run.tags)} | own
    id = client.create_run(experiment_id, run.started, tags, run.name).info.run_id
    client.log_batch(id, entities.plain_metrics(run.metrics), entities.params(run.params))
    if run.inputs:
        client.log_inputs(id, _datasets(run))
    if run.artifacts:
        client.log_artifacts(id, str(folder / run.artifacts))
    status = "KILLED" if run.status == "RUNNING" else run.status
    client.set_terminated(id, status, run.ended)
    return id
