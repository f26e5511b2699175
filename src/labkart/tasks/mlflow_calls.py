"""MLflow's own functions inside a task (`mlflow.log_metric`, autologging) write to its record.

They find a store of the task's own, see `tracking.direct`. What is in it becomes a log beside
the record when the task ends. Costs nothing where no code uses MLflow.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labkart import _compat, project
from labkart.language import translate
from labkart.records import mlflow_log
from labkart.records.record import Metric
from labkart.tracking import store
from labkart.wording import describe_error

# What tells MLflow's functions where to write, and as what.
_VARIABLES = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
)

_log = logging.getLogger(__name__)


@contextmanager
def recorded(folder: Path) -> Iterator[list[Metric]]:
    """Record what the block tells MLflow in the folder of a task's record.

    Yields a list that has, after the block, the metrics of the experiment's own run.
    """
    metrics = list[Metric]()
    # Another attempt needs another name: MLflow remembers the stores that it has opened.
    file = folder / mlflow_log.FOLDER / f"{time.time_ns()}.db"
    with _address(store.task_address(file)), _compat.mlflow_autologging_kept():
        try:
            yield metrics
        finally:
            if "mlflow" in sys.modules or file.exists():
                _end_writers()
            if file.exists():
                metrics += _keep(folder, file)


@contextmanager
def _address(address: str) -> Iterator[None]:
    """Let MLflow's functions use a store in the block, also in processes that it starts."""
    before = {name: os.environ.pop(name, None) for name in _VARIABLES}
    _set_address(address)
    os.environ["MLFLOW_TRACKING_URI"] = address
    try:
        yield
    finally:
        _set_address(None)
        for name, text in before.items():
            os.environ.pop(name, None)
            if text is not None:
                os.environ[name] = text


def _set_address(address: str | None) -> None:
    if "mlflow" in sys.modules:
        import mlflow

        _compat.forget_mlflow_runs()
        mlflow.set_tracking_uri(address)  # type: ignore[arg-type] (None lets the variable count)


def _end_writers() -> None:
    """End what would go on to write to the task's store: joblib's processes, MLflow's threads."""
    import mlflow

    _compat.end_joblib_workers()
    mlflow.flush_trace_async_logging()


def _keep(folder: Path, file: Path) -> list[Metric]:
    """Write the log, and return its metrics. What goes wrong here must not cost the result."""
    from labkart.tracking.direct import reader

    try:
        _log_traces()
        _end_runs()
        log = reader.collect(folder)
        metrics = log.take_metrics()
        log.write(folder)
        mlflow_log.forget_stores(folder)
        return metrics
    except Exception as error:
        current = project.current()
        _log.warning(
            translate(
                "What a task told MLflow stays in {file}, for it cannot be read: {reason}",
                file=current.short(file),
                reason=describe_error(error, current.root),
            )
        )
        return []


def _log_traces() -> None:
    """Make a file of each trace, among those of the run that it belongs to."""
    import mlflow

    ids = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    traces: Any = mlflow.search_traces(locations=ids, return_type="list")
    for trace in traces:
        run = trace.info.trace_metadata.get("mlflow.sourceRun")
        mlflow.log_text(trace.to_json(pretty=True), f"traces/{trace.info.trace_id}.json", run)


def _end_runs() -> None:
    import mlflow

    mlflow.flush_async_logging()
    while mlflow.active_run():
        mlflow.flush_artifact_async_logging()
        mlflow.end_run()
