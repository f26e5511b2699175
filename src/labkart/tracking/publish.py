"""From records to MLflow: one store, one run per experiment, always by explicit ids.

Decides nothing about tasks. The records are the truth, and what is written here can be made from
them again.
"""

import logging
import os
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from labkart import project
from labkart.errors import LabkartError
from labkart.records import live_metrics, study, verdict
from labkart.records.record import ExperimentRecord, read_experiments, read_task, task_folder
from labkart.tracking import artifacts, store

# MLflow reads these when it is imported. A server that does not answer must not delay a student for
# four minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from mlflow import MlflowClient
from mlflow.entities import Metric, ViewType
from mlflow.exceptions import MlflowException

from labkart.tracking import entities, studies

_STATUS = {"finished": "FINISHED", "failed": "FAILED", "pruned": "KILLED", "killed": "KILLED"}


def open_store() -> tuple[MlflowClient, str]:
    """A client, and the id of the project's experiment in MLflow.

    Store and experiment are made if they do not exist, by one process at a time: several that make
    a new SQLite store at once break it for good.
    """
    current = project.current()
    current.outputs.mkdir(parents=True, exist_ok=True)
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    artifacts_uri = (current.outputs / "artifacts").as_uri()
    with FileLock(current.outputs / "mlflow.lock"):
        if not store.is_own():
            return _open(current.name, None)
        if not store.database().exists():
            # Made under another name: a store that is half made would stay so.
            new = store.database().with_suffix(".new")
            new.unlink(missing_ok=True)
            _make(MlflowClient(store.sqlite(new)), current.name, artifacts_uri)
            new.replace(store.database())
        return _open(current.name, artifacts_uri)


def _make(client: MlflowClient, name: str, artifacts_uri: str | None) -> str:
    return client.create_experiment(name, artifacts_uri, {store.MARK: uuid.uuid4().hex})


def _open(name: str, artifacts_uri: str | None) -> tuple[MlflowClient, str]:
    client = MlflowClient(store.uri())
    experiment = client.get_experiment_by_name(name)
    if not experiment:
        with suppress(MlflowException):  # another machine has just made it
            return client, _make(client, name, artifacts_uri)
        experiment = client.get_experiment_by_name(name)
    if not experiment:
        raise LabkartError(f"{store.uri()} has no experiment {name}, and it cannot be created.")
    if store.MARK not in experiment.tags:
        client.set_experiment_tag(experiment.experiment_id, store.MARK, uuid.uuid4().hex)
    if artifacts_uri and experiment.artifact_location != artifacts_uri:
        _follow_move(experiment.artifact_location, artifacts_uri)
    return client, experiment.experiment_id


def _follow_move(old: str, new: str) -> None:
    """Point MLflow's rows to where the files are now: it keeps absolute paths, and for good."""
    with closing(sqlite3.connect(store.database())) as connection, connection:
        connection.execute(
            "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (new, old)
        )
        connection.execute(
            "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", (f"{old}/", f"{new}/")
        )


def begin(client: MlflowClient, experiment_id: str, experiment: ExperimentRecord) -> str:
    """The id of a new run, or of the one that another process made for this attempt."""
    with _locked(experiment):
        link = store.run_link(experiment)
        if link and link.run and link.started == experiment.started:
            return link.run
        run = _create(client, experiment_id, experiment, [])
    client.log_batch(run, params=entities.params(experiment.settings))
    return run


def _locked(experiment: ExperimentRecord) -> FileLock:
    """Several processes may begin or end the same experiment at once."""
    return FileLock(experiment.folder / ".mlflow.lock")


def _create(
    client: MlflowClient, experiment_id: str, experiment: ExperimentRecord, uses: entities.Uses
) -> str:
    """A new run; it replaces the run of an earlier attempt, whose numbers differ."""
    previous = store.run_link(experiment)
    if previous and previous.run:
        with suppress(MlflowException):  # somebody has deleted it
            client.delete_run(previous.run)
    title = " ".join(experiment.overrides) or "defaults"
    started = entities.milliseconds(experiment.started)
    tags = {tag.key: tag.value for tag in entities.tags(experiment, uses)}
    run = client.create_run(experiment_id, started, tags, entities.plain(title)[:250]).info.run_id
    store.write_run_link(experiment, run, whole=False, parent=store.study_run(experiment.study))
    return run


def log(client: MlflowClient, run: str, metrics: Sequence[Metric]) -> None:
    """Send metrics; those that the store has already are not doubled."""
    client.log_batch(run, metrics=metrics)


def publish(
    client: MlflowClient,
    experiment_id: str,
    experiment: ExperimentRecord,
    sent: Mapping[str, int] | None = None,
) -> None:
    """Write all of an experiment that has ended to its run, the cached tasks too.

    Args:
        client: of the store.
        experiment_id: of the project's experiment in MLflow.
        experiment: the record.
        sent: how many of a task's metrics the run has already, by the task's id.
    """
    with _locked(experiment), store.cached_store():
        link = store.run_link(experiment)
        if not link or not link.is_whole(experiment):
            begun = _begun(client, experiment, link)
            run = _publish(client, experiment_id, experiment, begun, sent or {})
            store.write_run_link(
                experiment, run, whole=True, parent=store.study_run(experiment.study)
            )
            for use in experiment.tasks:
                live_metrics.forget(task_folder(use.name, use.id))
        elif not link.is_marked(experiment):
            with suppress(MlflowException):  # somebody has deleted it
                _mark(client, link.run, experiment)
            store.write_run_link(experiment, link.run, whole=True, parent=link.parent)


def _mark(client: MlflowClient, run: str, experiment: ExperimentRecord) -> None:
    """Write what came later; the last attempt to reproduce it also below a person's own notes."""
    marks = entities.marks(experiment)
    if last := verdict.last_verdict(experiment.id):
        lines = client.get_run(run).data.tags.get("mlflow.note.content", "").splitlines()
        lines = [line for line in lines if not line.startswith("- reproduced on ")]
        marks["mlflow.note.content"] = "\n".join([*lines, entities.reproduced(last)])
    for name, text in marks.items():
        client.set_tag(run, name, "" if text is None else entities.plain(text))


def _publish(
    client: MlflowClient,
    experiment_id: str,
    experiment: ExperimentRecord,
    begun: str | None,
    sent: Mapping[str, int],
) -> str:
    """Write all of it, and return the run's id.

    A store takes its time for each call, so whatever goes together is sent together.

    Args:
        client: of the store.
        experiment_id: of the project's experiment in MLflow.
        experiment: the record.
        begun: the id of its run, if that was begun.
        sent: how many of a task's metrics that run has already, by the task's id.
    """
    pairs = [(use, read_task(use.name, use.id)) for use in experiment.tasks]
    uses = [(use, record) for use, record in pairs if record]
    metrics = []
    for use, record in pairs:
        logged = record.metrics if record else live_metrics.read_metrics(use.name, use.id)[0]
        first = sent.get(use.id, 0) if begun else 0
        metrics += entities.metrics(experiment, use, logged[first:])
    params = {
        f"{use.label}.{name}": value
        for use, record in uses
        for name, value in record.params.items()
    }
    run = begun or _create(client, experiment_id, experiment, uses)
    client.log_batch(
        run,
        [*metrics, *entities.costs(uses)],
        entities.params({**experiment.settings, **params}),  # its beginning may have been cut off
        entities.tags(experiment, uses) if begun else (),
    )
    if datasets := entities.datasets(uses):
        client.log_inputs(run, datasets)
    times = map(entities.milliseconds, (experiment.started, experiment.ended))
    # Before what may be large, or slow; a clock may have been set back.
    client.set_terminated(run, _STATUS[experiment.status], max(times))
    with _artifacts(client, run) as folder:
        long = entities.long_params(params | experiment.settings)
        artifacts.gather(folder, experiment, uses, long)
    for use, record in uses:
        artifacts.log_models(client, experiment_id, run, use, record)
    return run


class SyncResult(NamedTuple):
    """What `sync` did with an experiment.

    Attributes:
        experiment: its record.
        is_new: whether it was written now.
        error: why it could not be written; empty if it is in the store.
    """

    experiment: ExperimentRecord
    is_new: bool
    error: str


def sync() -> Iterator[SyncResult]:
    """Write every experiment that has ended and is not in this store, oldest first."""
    client, experiment_id = open_store()
    runs = set(_run_ids(client, experiment_id))
    for record in study.read_studies():  # first, since their trials stand below them
        link = store.run_link(record)
        if not link or link.run not in runs or not link.whole:
            studies.begin(client, experiment_id, record)
    ended = [record for record in read_experiments() if record.status in _STATUS]
    for experiment in sorted(ended, key=lambda record: record.started or ""):
        yield _sync(client, experiment_id, experiment, runs)
    for record in study.read_studies():
        if not store.is_published(record):
            studies.publish(client, experiment_id, record)


def _sync(
    client: MlflowClient, experiment_id: str, experiment: ExperimentRecord, runs: set[str]
) -> SyncResult:
    """Write one experiment, unless its run is among the store's `runs` and complete."""
    link = store.run_link(experiment)
    if link and link.run in runs and store.is_published(experiment):
        return SyncResult(experiment, False, "")
    if link and link.run not in runs:  # the store was put back to an earlier state
        store.forget_run_link(experiment)
    try:
        publish(client, experiment_id, experiment)
    except Exception as error:
        if store.is_away(error):
            raise
        return SyncResult(experiment, False, store.describe_error(error))
    return SyncResult(experiment, True, "")


def _run_ids(client: MlflowClient, experiment_id: str) -> Iterator[str]:
    token: str | None = ""
    while token is not None:
        page = client.search_runs(
            [experiment_id], run_view_type=ViewType.ALL, max_results=1000, page_token=token or None
        )
        yield from (run.info.run_id for run in page)
        token = page.token or None


def _begun(
    client: MlflowClient, experiment: ExperimentRecord, link: store.RunLink | None
) -> str | None:
    """The id of the run that was begun for this very attempt, if it still exists."""
    if link and link.run and link.started == experiment.started:
        with suppress(MlflowException):
            if client.get_run(link.run).info.lifecycle_stage == "active":
                return link.run
    return None


@contextmanager
def _artifacts(client: MlflowClient, run: str) -> Iterator[Path]:
    """A folder whose files become the run's; in the project's own store, the run's own folder."""
    if store.is_own():
        yield project.current().outputs / "artifacts" / run / "artifacts"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        client.log_artifacts(run, folder)
