"""Reads the store of a task into the log that is kept beside the task's record, without secrets."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModel as Model
from mlflow.entities import Run, ViewType
from mlflow.utils import get_results_from_paginated_fn
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from labkart.records import mlflow_log
from labkart.records.mlflow_log import LoggedModel, LoggedRun, MlflowLog
from labkart.records.record import Metric
from labkart.secrets import redact
from labkart.tracking import store
from labkart.tracking.direct.task_store import IMPLICIT, KIND, NAMED, NESTED, STARTED

_MOST_RUNS = 50_000  # that MLflow returns at once
_LARGEST = 1.7976931348623157e308  # what MLflow's stores have in place of infinity


def collect(folder: Path) -> MlflowLog:
    """What the task of a record's folder has told MLflow by now."""
    log = MlflowLog()
    for file in mlflow_log.stores(folder):
        _Reader(folder, MlflowClient(store.task_address(file))).add_to(log)
    return log


class _Reader:
    def __init__(self, folder: Path, client: MlflowClient) -> None:
        self._folder, self._client = folder / mlflow_log.FOLDER, client
        self._names = mlflow_log.kept_names(folder)

    def add_to(self, log: MlflowLog) -> None:
        experiments = self._client.search_experiments(view_type=ViewType.ALL)
        ids = [experiment.experiment_id for experiment in experiments]
        runs = self._client.search_runs(
            ids, order_by=["attributes.start_time ASC"], max_results=_MOST_RUNS
        )
        kinds = {run.info.run_id: run.data.tags.get(KIND, NESTED) for run in runs}
        logged = [self._run(run) for run in runs]
        outer = _outer(logged, kinds)
        own = {run.key for run in outer}
        log.outer += outer
        log.runs += [run for run in logged if run.key not in own]
        steps = {
            model.model_id: (run.info.run_id, model.step)
            for run in runs
            for model in (run.outputs.model_outputs if run.outputs else ())
        }
        search = self._client.search_logged_models
        for model in get_results_from_paginated_fn(
            lambda count, token: search(ids, max_results=count, page_token=token), 100
        ):
            key, step = steps.get(model.model_id, (model.source_run_id, 0))
            log.models.append(self._model(model, key, step))
        children = kinds.keys() - own
        for run in log.runs:
            run.parent = run.parent if run.parent in children else None
        for model in log.models:
            model.run = model.run if model.run in children else None

    def _run(self, run: Run) -> LoggedRun:
        info, data = run.info, run.data
        inputs = run.inputs.dataset_inputs if run.inputs else ()
        unneeded = (KIND, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME)
        return LoggedRun(
            key=info.run_id,
            name=redact.redact_text(info.run_name or ""),
            parent=data.tags.get(MLFLOW_PARENT_RUN_ID),
            status=info.status,
            started=info.start_time,
            ended=info.end_time or info.start_time,
            params=self._values(data.params),
            tags=self._values({k: text for k, text in data.tags.items() if k not in unneeded}),
            metrics=list(self._metrics(info.run_id, data.metrics)),
            inputs=redact.redact_values([item.to_dictionary() for item in inputs]),
            artifacts=self._redacted_files(str(info.artifact_uri)),
        )

    def _model(self, model: Model, run: str | None, step: int) -> LoggedModel:
        return LoggedModel(
            key=model.model_id,
            name=str(model.name),
            type=model.model_type,
            run=run,
            status=str(model.status),
            step=step,
            params=self._values(model.params),
            tags=self._values(model.tags),
            metrics=[self._metric(metric) for metric in model.metrics or ()],
            artifacts=self._files(model.artifact_location),
        )

    def _values(self, values: Mapping[str, str]) -> dict[str, str]:
        return redact.redact_values({self._names.get(k, k): text for k, text in values.items()})

    def _metrics(self, run: str, names: Iterable[str]) -> Iterator[Metric]:
        """The histories, without a step where MLflow's own is all there is."""
        for name in names:
            history = list(map(self._metric, self._client.get_metric_history(run, name)))
            has_steps = any(metric.step for metric in history)
            yield from history if has_steps else (metric._replace(step=None) for metric in history)

    def _metric(self, metric: Any) -> Metric:
        value = metric.value
        if abs(value) == _LARGEST:
            value = math.copysign(math.inf, value)
        name = self._names.get(str(metric.key), str(metric.key))
        return Metric(name, value, metric.step, metric.timestamp / 1000, by_mlflow=True)

    def _redacted_files(self, location: str) -> str:
        """The same, in which texts have no secrets from now on."""
        artifacts = self._files(location)
        for file in (self._folder / artifacts).rglob("*") if artifacts else ():
            if file.is_file():
                redact.redact_file(file)
        return artifacts

    def _files(self, location: str) -> str:
        """The folder of artifacts, below the log's."""
        folder = Path(local_file_uri_to_path(location))
        return str(folder.relative_to(self._folder)) if folder.exists() else ""


def _outer(runs: Sequence[LoggedRun], kinds: Mapping[str, str]) -> list[LoggedRun]:
    """The runs that are the experiment's own: those that are not nested and do not disagree.

    If those that the task started have several names, or several values for a parameter or a step
    of a metric, they are runs of their own.
    """
    started = [run for run in runs if kinds[run.key] in (NAMED, STARTED)]
    names = {run.name for run in started if kinds[run.key] == NAMED}
    steps = Counter(
        step for run in started for step in {(metric.name, metric.step) for metric in run.metrics}
    )
    if len(names) > 1 or max(steps.values(), default=1) > 1 or not _agree(started):
        started = []
    outer = list[LoggedRun]()
    for run in runs:
        if (run in started or kinds[run.key] == IMPLICIT) and _agree([*outer, run]):
            outer.append(run)
    return outer


def _agree(runs: Iterable[LoggedRun]) -> bool:
    """Whether runs have one value for each parameter."""
    values = {pair for run in runs for pair in run.params.items()}
    return len(values) == len({name for name, _ in values})
