"""MLflow's own calls inside a task (`mlflow.log_metric`, autologging): they land in the run of the experiment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from . import store
from .record import ExperimentRecord

_PATIENCE = 20.0  # seconds for another process to import MLflow and to open the run

_running: list[ExperimentRecord] = []


@contextmanager
def of(experiment: ExperimentRecord) -> Iterator[None]:
    """The tasks that run in the block, in this process or in one that it forks, are this experiment's."""
    _running.append(experiment)
    try:
        yield
    finally:
        _running.pop()


@contextmanager
def landing(calls: bool) -> Iterator[None]:
    """If a task's code imports MLflow, its active run is the experiment's in this block."""
    run = _run() if calls and _running else None
    if not run:
        yield
        return
    import mlflow

    store.tell(mlflow.set_tracking_uri)
    try:
        with mlflow.start_run(run_id=run):
            yield
    finally:  # leaving the block has ended it, and other tasks go on
        mlflow.MlflowClient().update_run(run, "RUNNING")


def _run() -> str | None:
    """The run, once it is there; nothing where MLflow cannot be reached."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = store.noted(_running[-1])
        if found and found.started == _running[-1].started:
            return found.run
        time.sleep(0.05)
    return None
