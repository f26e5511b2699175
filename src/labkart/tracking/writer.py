"""The store of this project in MLflow: opened or made, and filled with whatever records it lacks.

Imports MLflow, which is slow. How one record becomes a run: see `publish` and `studies`.
"""

import logging
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

from labkart import project
from labkart.records import study, unpublished
from labkart.records.file_lock import file_lock
from labkart.records.record import read_experiments
from labkart.tracking import links, store

# MLflow reads these when it is imported. A server that does not answer must not delay a student for
# four minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils import get_results_from_paginated_fn

from labkart.tracking import publish, studies
from labkart.tracking.store import OpenStore


def open_store(patience: float = 60) -> OpenStore:
    """Open the store of this project.

    Store and experiment are made if they do not exist, by one process at a time: several that make
    a new SQLite store at once break it for good.

    Args:
        patience: the seconds to wait for another process that opens it.

    Raises:
        filelock.Timeout: another process opens it for longer.
    """
    current = project.current()
    current.outputs.mkdir(parents=True, exist_ok=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # its warnings tell students of our calls
    artifacts_uri = (current.outputs / "artifacts").as_uri()
    with file_lock(current.outputs / "mlflow.lock", timeout=patience):
        if not store.is_own():
            return _open(current.name, None)
        if store.database().exists():
            store.check()
        else:
            # Made under another name: a store that is half made would stay so.
            new = store.database().with_suffix(".new")
            new.unlink(missing_ok=True)
            _make(MlflowClient(store.sqlite(new)), current.name, artifacts_uri)
            new.replace(store.database())
        return _open(current.name, artifacts_uri)


def _make(client: MlflowClient, name: str, artifacts_uri: str | None) -> str:
    return client.create_experiment(name, artifacts_uri, {store.MARK: uuid.uuid4().hex})


def _open(name: str, artifacts_uri: str | None) -> OpenStore:
    client = MlflowClient(store.uri())
    experiment = client.get_experiment_by_name(name)
    if not experiment:
        try:
            return OpenStore(client, _make(client, name, artifacts_uri))
        except MlflowException:
            experiment = client.get_experiment_by_name(name)
            if not experiment:  # else another machine has just made it
                raise
    if experiment.lifecycle_stage == "deleted":  # in MLflow's page
        client.restore_experiment(experiment.experiment_id)
    if store.MARK not in experiment.tags:
        client.set_experiment_tag(experiment.experiment_id, store.MARK, uuid.uuid4().hex)
    if artifacts_uri and experiment.artifact_location != artifacts_uri:
        _follow_move(experiment.artifact_location, artifacts_uri)
    return OpenStore(client, experiment.experiment_id)


def _follow_move(old: str, new: str) -> None:
    """Point MLflow's rows to where the files are now: it keeps absolute paths, and for good."""
    with closing(sqlite3.connect(store.database())) as connection, connection:
        connection.execute(
            "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (new, old)
        )
        connection.execute(
            "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", (f"{old}/", f"{new}/")
        )


def connect(patience: float = 60, *, is_thorough: bool = False) -> OpenStore:
    """Open the store, and list the records that it lacks if another store has them.

    Args:
        patience: the seconds to wait for another process that opens the store.
        is_thorough: whether to look whether the store still has what it got. It may have been put
            back to an earlier state; but a run that a person has deleted stays deleted.
    """
    opened = open_store(patience)
    if is_thorough:
        _find_missing(_run_ids(opened))
    elif unpublished.store() != store.key():
        _find_missing(None)
    return opened


def _find_missing(runs: set[str] | None) -> None:
    """List all records that this store lacks; `runs` are the ids of the runs that it has."""
    with store.cached_store():
        for record in [*study.read_studies(), *read_experiments()]:
            link = links.read_link(record)
            if link and link.run and runs is not None and link.run not in runs:
                links.write_link(record, "", whole=False)
            if not links.is_published(record):
                unpublished.add(record.folder)
        unpublished.keep_store(store.key() or "")


class SyncResult(NamedTuple):
    """What `sync` did with an experiment, or with a study that it could not write.

    Attributes:
        name: the experiment's id, or the study's name.
        label: it as a person knows it: an id is shortened.
        is_new: whether it was written now.
        error: why it could not be written; empty if it is in the store.
    """

    name: str
    label: str
    is_new: bool
    error: str


def sync() -> Iterator[SyncResult]:
    """Write every experiment and study that has ended and is not in this store."""
    opened = connect(is_thorough=True)
    names = list(unpublished.times(unpublished.STUDIES))
    for name in names:  # first, since their trials stand below them
        studies.begin(opened, name)
    pending = unpublished.times(unpublished.EXPERIMENTS)
    ended = [record for record in read_experiments() if record.ended]
    for id in [record.id for record in sorted(ended, key=lambda record: record.started or "")]:
        if id in pending:
            yield _result(id, id[:6], partial(publish.publish, opened, id))
        else:
            yield SyncResult(id, id[:6], False, "")
    results = [_result(name, name, partial(studies.publish, opened, name)) for name in names]
    yield from (result for result in results if result.error)


def _result(name: str, label: str, write: Callable[[], None]) -> SyncResult:
    try:
        write()
    except Exception as error:
        if store.is_away(error):
            raise
        return SyncResult(name, label, False, store.describe_error(error))
    return SyncResult(name, label, True, "")


def _run_ids(opened: OpenStore) -> set[str]:
    """All runs of this store, deleted ones too."""
    if store.is_own():
        return store.run_ids()  # MLflow would read all of their data
    runs = get_results_from_paginated_fn(
        lambda count, token: opened.client.search_runs(
            [opened.experiment_id], "", ViewType.ALL, count, page_token=token
        ),
        1000,
    )
    return {run.info.run_id for run in runs}
