"""From records to MLflow: one store, one run an experiment, always by explicit ids. Decides nothing about tasks.

The records are the truth; what is here can be made from them again.
"""

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from . import project
from .files import write_atomically
from .record import ExperimentRecord, TaskRecord, TaskUse

# MLflow reads these as it is imported. A server that does not answer must not hold a student for four minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

_MAX_PARAM, _MAX_TAG = 6000, 8000  # characters; MLflow cuts longer ones
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}

Uses = list[tuple[TaskUse, TaskRecord]]


def store_uri() -> str:
    """Where runs are written: the variable `MLFLOW_TRACKING_URI`, or else SQLite in the project's outputs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{project.current().outputs / 'mlflow.db'}"


def open_store() -> tuple[MlflowClient, str]:
    """A client, and the id of the project's experiment in MLflow; store and experiment are made where they are missing.

    One process at a time: several that make a new SQLite store at once break it for good.
    """
    here = project.current()
    here.outputs.mkdir(parents=True, exist_ok=True)
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    database, artifacts = here.outputs / "mlflow.db", (here.outputs / "artifacts").as_uri()
    with FileLock(here.outputs / "mlflow.lock"):
        if os.environ.get("MLFLOW_TRACKING_URI"):
            return _open(here.name, None)
        if not database.exists():  # made under another name: one that is made by half would stay so
            half = database.with_suffix(".new")
            half.unlink(missing_ok=True)
            MlflowClient(f"sqlite:///{half}").create_experiment(here.name, artifacts)
            half.replace(database)
        return _open(here.name, artifacts)


def _open(name: str, artifacts: str | None) -> tuple[MlflowClient, str]:
    client = MlflowClient(store_uri())
    if not (found := client.get_experiment_by_name(name)):
        return client, client.create_experiment(name, artifacts)
    if artifacts and found.artifact_location != artifacts:
        _follow_move(project.current().outputs / "mlflow.db", found.artifact_location, artifacts)
    return client, found.experiment_id


def _follow_move(database: Path, old: str, new: str) -> None:
    """Point MLflow's rows to where the files are now: it keeps absolute paths and has no call to change them."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (new, old))
        connection.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", (f"{old}/", f"{new}/"))


def publish(experiment: ExperimentRecord, tasks: Iterable[tuple[TaskUse, TaskRecord]]) -> None:
    """Write an experiment that has ended, with its tasks, the cached ones too, to its run in MLflow; note it there."""
    client, store = open_store()
    uses = list(tasks)
    with FileLock(project.current().outputs / "mlflow.lock"):  # two processes may end the same experiment at once
        run = _new_run(client, store, experiment)
        try:
            client.log_batch(run, _metrics(experiment, uses), _params(experiment, uses), _tags(experiment, uses))
            for folder, file in _files(experiment, uses):
                client.log_artifact(run, str(file), folder)
        finally:
            client.set_terminated(run, _STATUS[experiment.status], _milliseconds(experiment.ended))
        experiment.published = True
        experiment.write()


def _new_run(client: MlflowClient, store: str, experiment: ExperimentRecord) -> str:
    """The id of a new run, noted beside the record; it takes the place of an earlier attempt's, with other numbers."""
    note = experiment.folder / ".mlflow"
    with suppress(OSError, MlflowException):  # there was none, or the store was deleted or is another one
        client.delete_run(note.read_text())
    title, started = " ".join(experiment.overrides) or "defaults", _milliseconds(experiment.started)
    run = client.create_run(store, started, run_name=title).info.run_id
    write_atomically(note, run.encode())
    return run


def _metrics(experiment: ExperimentRecord, uses: Uses) -> list[Metric]:
    """The last task's metrics under their own names, so that rows compare; the others' with the task before them."""
    metrics = []
    for use, record in uses:
        prefix = "" if use is experiment.tasks[-1] else f"{use.label}."
        for name, value, step, seconds in record.metrics:
            metrics.append(Metric(prefix + name, value, round(1000 * seconds), step or 0))
        ended = _milliseconds(record.started) + round(record.wall_seconds * 1000)
        for name in ("wall_seconds", "cpu_seconds", "peak_memory_mb"):
            # The prefix moves them to MLflow's page of system metrics, away from the results.
            metrics.append(Metric(f"system/{use.label}.{name}", getattr(record, name), ended, 0))
    return metrics


def _params(experiment: ExperimentRecord, uses: Uses) -> list[Param]:
    params = {name: str(value) for name, value in experiment.settings.items()}
    params |= {f"{use.label}.{name}": value for use, record in uses for name, value in record.params.items()}
    return [Param(name, value[:_MAX_PARAM]) for name, value in params.items()]


def _tags(experiment: ExperimentRecord, uses: Uses) -> list[RunTag]:
    code, environment = experiment.code, experiment.environment
    tags = {
        "mlflow.user": environment["user"],
        "mlflow.source.name": experiment.command,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": code["commit"],
        "mlflow.source.git.branch": code["branch"],
        "mlflow.source.git.repoURL": code["remote"],
        "mlflow.note.content": _note(experiment, uses),
        "labkart.experiment": experiment.id,
        "labkart.dirty": code["dirty"],
        "labkart.error": experiment.error,
        "labkart.accepted": "; ".join(f"{label} {said}" for label, said in _accepted(uses).items()) or None,
        **{f"labkart.{name}": value for name, value in environment.items()},
    }
    texts = {name: str(value).encode(errors="replace").decode() for name, value in tags.items() if value is not None}
    return [RunTag(name, text[:_MAX_TAG]) for name, text in texts.items()]


def _accepted(uses: Uses) -> dict[str, str]:
    """Which tasks' results are those of other code, by a person's word."""
    words = "by {by} on {at:.10}: {changes}"
    return {use.label: words.format(**record.accepted) for use, record in uses if record.accepted}


def _note(experiment: ExperimentRecord, uses: Uses) -> str:
    """The description at the top of the run's page: the results, and what each task took."""
    results = [f"**{name}** {value:.4g}" for name, value in experiment.metrics.items()]
    rows = [f"| {use.label} | {use.state} | {use.seconds:.1f} |" for use in experiment.tasks]
    accepted = [f"- {label} accepted {said}" for label, said in _accepted(uses).items()]
    table = ["| task | | seconds |", "| --- | --- | ---: |", *rows]
    return "\n".join([", ".join(results), "", *table, *(["", *accepted] if accepted else [])])


def _files(experiment: ExperimentRecord, uses: Uses) -> Iterator[tuple[str | None, Path]]:
    """Each file that belongs to the experiment, with its folder among the run's artifacts."""
    for file in sorted(experiment.folder.glob("[!.]*")):
        yield None, file
    for use, record in uses:
        for name in (*record.figures, *record.tables):
            if (record.folder / name).exists():
                yield use.label, record.folder / name


def _milliseconds(moment: str | None) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0
