"""The store of a task: what it tells MLflow goes to an SQLite file beside its record.

So it needs no network and never waits. The file is a copy of an empty one, made when the task first
uses MLflow, for MLflow takes a second to make one. Knows no experiments.
"""

import logging
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import mlflow
from mlflow.entities import Metric, RunTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from sqlalchemy import event

from labkart import _compat
from labkart.records import live_metrics, mlflow_log, record
from labkart.tracking import store

KIND = "labkart.kind"  # the tag of a run that says how it was made: as one of these
NESTED, NAMED, STARTED, IMPLICIT = "nested", "named", "started", "implicit"


class TaskStore(SqlAlchemyStore):
    """MLflow's own store, which also takes names that MLflow refuses, and shows curves at once.

    Args:
        file: the SQLite file.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(store.sqlite(file), file.parent.as_uri())
        self._folder = file.parent.parent
        self._refused = set[str]()
        self._outer = set[str]()
        event.listen(self.engine, "connect", _write_quickly)
        self.engine.dispose()  # the connection that was made before

    def create_run(self, experiment_id, user_id, start_time, tags, run_name):  # noqa: D102
        names = {tag.key for tag in tags or ()}
        kind = NESTED if MLFLOW_PARENT_RUN_ID in names else _compat.mlflow_run_origin() or STARTED
        if kind == STARTED and (run_name or MLFLOW_RUN_NAME in names):
            kind = NAMED
        tags = [*(tags or ()), RunTag(KIND, kind)]
        run = super().create_run(experiment_id, user_id, start_time, tags, run_name)
        if kind != NESTED:
            self._outer.add(run.info.run_id)
        return run

    def log_metric(self, run_id, metric):  # noqa: D102
        super().log_metric(run_id, self._accepted(metric))
        self._show(run_id, [metric])

    def log_param(self, run_id, param):  # noqa: D102
        return super().log_param(run_id, self._accepted(param))

    def set_tag(self, run_id, tag):  # noqa: D102
        return super().set_tag(run_id, self._accepted(tag))

    def log_batch(self, run_id, metrics, params, tags):  # noqa: D102
        batches = [[*map(self._accepted, batch)] for batch in (metrics, params, tags)]
        super().log_batch(run_id, *batches)
        self._show(run_id, metrics)

    def _accepted(self, entity: Any) -> Any:
        """A metric, parameter or tag with a name that MLflow takes."""
        name = str(entity.key)
        if name == mlflow_log.accepted_name(name):
            return entity
        if name not in self._refused:
            mlflow_log.warn_of_name(name)
            mlflow_log.keep_name(self._folder, name)
            self._refused.add(name)
        return type(entity)(**{**dict(entity), "key": mlflow_log.unique_name(name)})

    def _show(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Let curves be seen while the task runs."""
        if run_id in self._outer:
            for metric in metrics:
                seconds = metric.timestamp / 1000
                logged = record.Metric(metric.key, metric.value, metric.step, seconds, True)
                with suppress(OSError):
                    live_metrics.append(self._folder, logged)


def open_store(address: str) -> TaskStore:
    """Open the store at an address that `address` gave; it is made if it does not exist."""
    file = Path(unquote(urlsplit(address).path))
    if not file.exists():
        _copy_empty_store(file)
    return TaskStore(file)


def _copy_empty_store(file: Path) -> None:
    """Make a store from an empty one, which is made once for each version of MLflow.

    Processes that need it at the same time each make one: nothing is locked, nobody waits.
    """
    empty = file.parents[3] / f".mlflow-{mlflow.__version__}.db"
    own = file.with_name(f".{os.getpid()}.new")
    file.parent.mkdir(parents=True, exist_ok=True)
    if empty.exists():
        shutil.copyfile(empty, own)
    else:
        for noisy in ("mlflow.store", "alembic"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        SqlAlchemyStore(store.sqlite(own), file.parent.as_uri()).engine.dispose()
        with suppress(OSError):
            shutil.copyfile(own, empty.with_suffix(own.name))
            empty.with_suffix(own.name).replace(empty)
    with closing(sqlite3.connect(own)) as connection, connection:
        location = file.parent.as_uri() + "/0"
        connection.execute("UPDATE experiments SET artifact_location = ?", (location,))
    own.replace(file)


def _write_quickly(connection: Any, _: Any) -> None:
    """Do not wait for the disk: after a power cut the task runs again anyway."""
    connection.execute("PRAGMA synchronous = OFF")
