"""MLflow's own calls inside a task (`mlflow.log_metric`, autologging): they land in the run of the experiment."""

import functools
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from . import project, store
from .record import ExperimentRecord

_PATIENCE = 20.0  # seconds for another process to import MLflow and to open the run

_running: list[ExperimentRecord] = []
_log = logging.getLogger(__name__)


@contextmanager
def of(experiment: ExperimentRecord) -> Iterator[None]:
    """The tasks that run in the block, in this process or in one that it forks, are this experiment's."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    _running.append(experiment)
    try:
        yield
    finally:
        _running.pop()


@contextmanager
def landing(calls: bool) -> Iterator[None]:
    """If a task's code imports MLflow, what it says there lands in the experiment's run."""
    if not calls or not _running:
        yield
        return
    import mlflow

    run = _run()
    if run is None:  # nothing of ours may fail a task
        lost = project.current().outputs / "mlflow-unsent.db"
        _log.warning("MLflow does not answer: what the task tells it itself goes to %s.", project.current().short(lost))
        mlflow.set_tracking_uri(store.sqlite(lost))
        yield
        return
    store.tell(mlflow.set_tracking_uri)
    client = mlflow.MlflowClient()
    with suppress(Exception):
        mlflow.set_experiment(experiment_id=client.get_run(run).info.experiment_id)
    try:
        with _always(run):
            yield
    finally:  # leaving its block has ended the run, and other tasks go on
        store.tell(mlflow.set_tracking_uri)
        with suppress(Exception):
            while mlflow.active_run():
                mlflow.end_run()
            client.update_run(run, "RUNNING")


@contextmanager
def _always(run: str) -> Iterator[None]:
    """Whoever starts a run that is not nested goes on with this one."""
    import mlflow
    from mlflow.tracking import fluent

    before: Callable[..., Any] = fluent.start_run

    @functools.wraps(before)
    def start(run_id: str | None = None, *rest: Any, nested: bool = False, **more: Any) -> Any:
        return before(run_id or (None if nested else run), *rest, nested=nested, **more)

    fluent.start_run = mlflow.start_run = start
    try:
        yield
    finally:
        fluent.start_run = mlflow.start_run = before


def _run() -> str | None:
    """The run, once it is there; nothing where MLflow cannot be reached."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = store.noted(_running[-1])
        if found and found.started == _running[-1].started:
            return found.run or None
        time.sleep(0.05)
    return None
