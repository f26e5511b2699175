"""From records to MLflow: one store, one run an experiment, always by explicit ids. Decides nothing about tasks.

The records are the truth; what is here can be made from them again.
"""

import logging
import os
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from labkart import project
from labkart.errors import LabkartError
from labkart.records import live_metrics, study, verdict
from labkart.records.record import ExperimentRecord, read_experiments, read_task, task_folder
from labkart.tracking import artifacts, store

# MLflow reads these as it is imported. A server that does not answer must not hold a student for four minutes.
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
    """A client, and the id of the project's experiment in MLflow; store and experiment are made where they are missing.

    One process at a time: several that make a new SQLite store at once break it for good.
    """
    here = project.current()
    here.outputs.mkdir(parents=True, exist_ok=True)
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    files = (here.outputs / "artifacts").as_uri()
    with FileLock(here.outputs / "mlflow.lock"):
        if not store.is_own():
            return _open(here.name, None)
        if (
            not store.database().exists()
        ):  # made under another name: one that is made by half would stay so
            half = store.database().with_suffix(".new")
            half.unlink(missing_ok=True)
            _make(MlflowClient(store.sqlite(half)), here.name, files)
            half.replace(store.database())
        return _open(here.name, files)


def _make(client: MlflowClient, name: str, artifacts: str | None) -> str:
    return client.create_experiment(name, artifacts, {store.MARK: uuid.uuid4().hex})


def _open(name: str, artifacts: str | None) -> tuple[MlflowClient, str]:
    client = MlflowClient(store.uri())
    if not (found := client.get_experiment_by_name(name)):
        with suppress(MlflowException):  # another machine has just made it
            return client, _make(client, name, artifacts)
        found = client.get_experiment_by_name(name)
    if not found:
        raise LabkartError(f"{store.uri()} has no experiment {name}, and none can be made.")
    if store.MARK not in found.tags:
        client.set_experiment_tag(found.experiment_id, store.MARK, uuid.uuid4().hex)
    if artifacts and found.artifact_location != artifacts:
        _follow_move(found.artifact_location, artifacts)
    return client, found.experiment_id


def _follow_move(old: str, new: str) -> None:
    """Point MLflow's rows to where the files are now: it keeps absolute paths and has no call to change them."""
    with closing(sqlite3.connect(store.database())) as connection, connection:
        connection.execute(
            "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (new, old)
        )
        connection.execute(
            "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", (f"{old}/", f"{new}/")
        )


def begin(client: MlflowClient, place: str, experiment: ExperimentRecord) -> str:
    """The id of a new run, which is running; or of the one that another process has made of this attempt."""
    with _alone(experiment):
        if (
            (there := store.run_link(experiment))
            and there.run
            and there.started == experiment.started
        ):
            return there.run
        run = _create(client, place, experiment, [])
    client.log_batch(run, params=entities.params(experiment.settings))
    return run


def _alone(experiment: ExperimentRecord) -> FileLock:
    """Several processes may begin or end the same experiment at once."""
    return FileLock(experiment.folder / ".mlflow.lock")


def _create(
    client: MlflowClient, place: str, experiment: ExperimentRecord, uses: entities.Uses
) -> str:
    """A new run; it takes the place of an earlier attempt's, with other numbers."""
    if (earlier := store.run_link(experiment)) and earlier.run:
        with suppress(MlflowException):  # somebody has deleted it
            client.delete_run(earlier.run)
    title, started = (
        " ".join(experiment.overrides) or "defaults",
        entities.milliseconds(experiment.started),
    )
    tags = {each.key: each.value for each in entities.tags(experiment, uses)}
    run = client.create_run(place, started, tags, entities.plain(title)[:250]).info.run_id
    store.write_run_link(experiment, run, whole=False, parent=store.study_run(experiment.study))
    return run


def log(client: MlflowClient, run: str, metrics: Sequence[Metric]) -> None:
    """Send metrics; what the store has already is not doubled."""
    client.log_batch(run, metrics=metrics)


def publish(
    client: MlflowClient,
    place: str,
    experiment: ExperimentRecord,
    sent: Mapping[str, int] | None = None,
) -> None:
    """Write all of an experiment that has ended to its run, the cached tasks too.

    Args:
        sent: how many of a task's metrics are there, by its id.
    """
    with _alone(experiment), store.cached_store():
        note = store.run_link(experiment)
        if not note or not note.is_whole(experiment):
            run = _publish(client, place, experiment, _begun(client, experiment, note), sent or {})
            store.write_run_link(experiment, run, whole=True, parent=store.study_run(experiment.study))
            for use in experiment.tasks:
                live_metrics.forget(task_folder(use.name, use.id))
        elif not note.is_marked(experiment):
            with suppress(MlflowException):  # somebody has deleted it
                _mark(client, note.run, experiment)
            store.write_run_link(experiment, note.run, whole=True, parent=note.parent)


def _mark(client: MlflowClient, run: str, experiment: ExperimentRecord) -> None:
    """Write what came later; whether it could be reproduced also below what a person may have written there."""
    marks = entities.marks(experiment)
    if found := verdict.last_verdict(experiment.id):
        lines = client.get_run(run).data.tags.get("mlflow.note.content", "").splitlines()
        lines = [line for line in lines if not line.startswith("- reproduced on ")]
        marks["mlflow.note.content"] = "\n".join([*lines, entities.reproduced(found)])
    for name, text in marks.items():
        client.set_tag(run, name, "" if text is None else entities.plain(text))


def _publish(
    client: MlflowClient,
    place: str,
    experiment: ExperimentRecord,
    begun: str | None,
    sent: Mapping[str, int],
) -> str:
    """The id of the run that has all of it."""
    pairs = [(use, read_task(use.name, use.id)) for use in experiment.tasks]
    uses = [(use, one) for use, one in pairs if one]
    params = {
        f"{use.label}.{name}": value for use, one in uses for name, value in one.params.items()
    }
    there = sent if begun else {}
    logged = [
        (use, one.metrics if one else live_metrics.read_metrics(use.name, use.id)[0])
        for use, one in pairs
    ]
    new = [(use, found[there.get(use.id, 0) :]) for use, found in logged]
    every = [each for use, found in new for each in entities.metrics(experiment, use, found)]
    # A store takes its time for each call: whatever goes together is sent together.
    run = begun or _create(client, place, experiment, uses)
    tags = entities.tags(experiment, uses) if begun else ()
    told = entities.params(
        {**experiment.settings, **params}
    )  # also of a run whose beginning was cut off
    client.log_batch(run, [*every, *entities.costs(uses)], told, tags)
    if datasets := entities.datasets(uses):
        client.log_inputs(run, datasets)
    times = map(entities.milliseconds, (experiment.started, experiment.ended))
    # Before what may be large, or slow; a clock may have been set back.
    client.set_terminated(run, _STATUS[experiment.status], max(times))
    with _artifacts(client, run) as folder:
        artifacts.gather(folder, experiment, uses, entities.long(params | experiment.settings))
    for use, one in uses:
        artifacts.log_models(client, place, run, use, one)
    return run


def sync() -> Iterator[tuple[ExperimentRecord, bool, str]]:
    """Write every experiment that has ended and is not in this store, oldest first.

    Yields:
        Each with whether it was written, and why it could not be.
    """
    client, place = open_store()
    there = set(_run_ids(client, place))
    for each in study.read_studies():  # first, for their trials stand below them
        if not (note := store.run_link(each)) or note.run not in there or not note.whole:
            studies.begin(client, place, each)
    ended = [each for each in read_experiments() if each.status in _STATUS]
    for experiment in sorted(ended, key=lambda each: each.started or ""):
        note = store.run_link(experiment)
        if store.is_published(experiment) and note and note.run in there:
            yield experiment, False, ""
            continue
        if note and note.run not in there:  # the store was put back to an earlier state
            store.forget_run_link(experiment)
        try:
            publish(client, place, experiment)
        except Exception as error:
            if store.is_away(error):
                raise
            yield experiment, False, store.describe_error(error)
        else:
            yield experiment, True, ""
    for each in study.read_studies():
        if not store.is_published(each):
            studies.publish(client, place, each)


def _run_ids(client: MlflowClient, place: str) -> Iterator[str]:
    token: str | None = ""
    while token is not None:
        page = client.search_runs(
            [place], run_view_type=ViewType.ALL, max_results=1000, page_token=token or None
        )
        yield from (run.info.run_id for run in page)
        token = page.token or None


def _begun(
    client: MlflowClient, experiment: ExperimentRecord, note: store.RunLink | None
) -> str | None:
    """The run that was begun for this very attempt, if it is still there."""
    if note and note.run and note.started == experiment.started:
        with suppress(MlflowException):
            if client.get_run(note.run).info.lifecycle_stage == "active":
                return note.run
    return None


@contextmanager
def _artifacts(client: MlflowClient, run: str) -> Iterator[Path]:
    """A folder whose files become the run's: in the project's own store it is theirs already."""
    if store.is_own():
        yield project.current().outputs / "artifacts" / run / "artifacts"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        client.log_artifacts(run, folder)
