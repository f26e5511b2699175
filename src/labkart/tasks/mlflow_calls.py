"""MLflow's own calls inside a task (`mlflow.log_metric`, autologging) go to the experiment's run.

Knows which run that is; writes nothing of its own to MLflow.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from labkart import project
from labkart._compat import mlflow_run_resumed
from labkart.records.record import ExperimentRecord
from labkart.tasks.context import context
from labkart.tracking import store

_PATIENCE = 20.0  # seconds for another process to import MLflow and to open the run

_log = logging.getLogger(__name__)


def route_to(experiment: ExperimentRecord | None) -> None:
    """Route the calls of tasks that start from now on, also in forked processes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    context.experiment = experiment


@contextmanager
def routed(calls: bool) -> Iterator[None]:
    """Route the block's own calls of MLflow to the experiment's run, if its code makes any."""
    if not calls or not context.experiment:
        yield
        return
    run_id = _wait_for_run(context.experiment)
    with _calls_kept_apart() if run_id is None else _calls_in(run_id):
        yield


@contextmanager
def _calls_in(run_id: str) -> Iterator[None]:
    import mlflow

    store.set_tracking_uri(mlflow.set_tracking_uri)
    client = mlflow.MlflowClient()
    with suppress(Exception):
        mlflow.set_experiment(experiment_id=client.get_run(run_id).info.experiment_id)
    try:
        with store.preserve_tracking_uri(mlflow.set_tracking_uri), mlflow_run_resumed(run_id):
            yield
    finally:  # a task that leaves the run's block ends the run, and other tasks go on
        _end_runs()
        with suppress(Exception):
            client.update_run(run_id, "RUNNING")


@contextmanager
def _calls_kept_apart() -> Iterator[None]:
    """Keep what the block logs in a file of its own: MLflow must not fail a task."""
    import mlflow

    database = project.current().outputs / "mlflow-unsent.db"
    _log.warning(
        "MLflow does not answer: what the task logs there by itself goes to %s.",
        project.current().short(database),
    )
    with store.preserve_tracking_uri(mlflow.set_tracking_uri):
        mlflow.set_tracking_uri(store.sqlite(database))
        try:
            yield
        finally:
            _end_runs()


def _end_runs() -> None:
    import mlflow

    with suppress(Exception):
        while mlflow.active_run():
            mlflow.end_run()


def _wait_for_run(experiment: ExperimentRecord) -> str | None:
    """Wait for the experiment's run and give its id; None if MLflow cannot be reached."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        link = store.run_link(experiment)
        if link and link.started == experiment.started:
            return link.run or None
        time.sleep(0.05)
    return None
