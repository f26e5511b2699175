"""The store of this project in MLflow, opened or made. Writes no runs; see `sync`.

Imports MLflow, which is slow.
"""

import logging
import os
import sqlite3
import uuid
from contextlib import closing

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from labkart import project
from labkart.records import unpublished
from labkart.records.file_lock import file_lock
from labkart.tracking import links, store
from labkart.tracking.store import OpenStore

# A server that does not answer must not delay a student for four minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def connect(patience: float) -> OpenStore:
    """Open the store, and list the records that it lacks if another store has them.

    Args:
        patience: the seconds to wait for another process that opens the store.
    """
    opened = open_store(patience)
    if unpublished.store() != store.key():
        links.list_missing()
    return opened


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
