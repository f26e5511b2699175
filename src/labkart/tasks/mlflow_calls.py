"""MLflow's own calls inside a task (`mlflow.log_metric`, autologging): they land in the run of the experiment."""

import functools
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from labkart import project
from labkart.records.record import ExperimentRecord
from labkart.tracking import store

_PATIENCE = 20.0  # seconds for another process to import MLflow and to open the run

_log = logging.getLogger(__name__)
_current: ExperimentRecord | None = None


def route_to(experiment: ExperimentRecord | None) -> None:
    """The tasks that start now, in this process or in one that it forks, are this experiment's."""
    global _current
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    _current = experiment


@contextmanager
def routed(calls: bool) -> Iterator[None]:
    """If a task's code imports MLflow, what it says there lands in the experiment's run."""
    if not calls or not _current:
        yield
        return
    import mlflow

    run = _run(_current)
    if run is None:  # nothing of ours may fail a task
        lost = project.current().outputs / "mlflow-unsent.db"
        _log.warning(
            "MLflow does not answer: what the task tells it itself goes to %s.",
            project.current().short(lost),
        )
        with store.preserve_tracking_uri(mlflow.set_tracking_uri):
            mlflow.set_tracking_uri(store.sqlite(lost))
            try:
                yield
            finally:
                _end_runs()
        return
    store.set_tracking_uri(mlflow.set_tracking_uri)
    client = mlflow.MlflowClient()
    with suppress(Exception):
        mlflow.set_experiment(experiment_id=client.get_run(run).info.experiment_id)
    try:
        with store.preserve_tracking_uri(mlflow.set_tracking_uri), _always(run):
            yield
    finally:  # leaving its block has ended the run, and other tasks go on
        _end_runs()
        with suppress(Exception):
            client.update_run(run, "RUNNING")


def _end_runs() -> None:
    import mlflow

    with suppress(Exception):
        while mlflow.active_run():
            mlflow.end_run()


@contextmanager
def _always(run: str) -> Iterator[None]:
    """Whoever starts a run that is not nested, nor in another store, goes on with this one."""
    import mlflow
    from mlflow.tracking import fluent

    before: Callable[..., Any] = fluent.start_run
    here = mlflow.get_tracking_uri()

    @functools.wraps(before)
    def start(run_id: str | None = None, *rest: Any, nested: bool = False, **more: Any) -> Any:
        ours = None if nested or mlflow.get_tracking_uri() != here else run
        return before(run_id or ours, *rest, nested=nested, **more)

    fluent.start_run = mlflow.start_run = start
    try:
        yield
    finally:
        fluent.start_run = mlflow.start_run = before


def _run(experiment: ExperimentRecord) -> str | None:
    """The run, once it is there; nothing where MLflow cannot be reached."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = store.run_link(experiment)
        if found and found.started == experiment.started:
            return found.run or None
        time.sleep(0.05)
    return None
