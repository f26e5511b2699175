"""Models in MLflow: those of `self.log_model`, and those of MLflow's own functions in a task."""

import importlib
import pickle
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.models import Model
from mlflow.utils import get_results_from_paginated_fn

from labkart.language import english
from labkart.records import mlflow_log
from labkart.records.record import TaskRecord, TaskRun
from labkart.tracking import entities, store
from labkart.tracking.store import OpenStore

OWN = "labkart.logged"  # the tag of runs and models that were written from a task's log
_NOT_IN_A_NAME = re.compile(r"[/:.%\"']")
# What MLflow calls the top module of a model's class; any other model is one of scikit-learn.
_FLAVORS = {"torch": "pytorch"}
_FLAVORS |= {name: name for name in ("catboost", "keras", "lightgbm", "statsmodels", "xgboost")}


def write_models(opened: OpenStore, run: str, use: TaskRun, record: TaskRecord) -> None:
    """Write the models that a task has logged by `self.log_model`."""
    for name in record.models:
        title = _NOT_IN_A_NAME.sub("_", f"{use.label} {Path(name).stem}")
        model = mlflow_log.LoggedModel(key=title, name=title, status="READY")
        _write(opened, run, model, lambda folder, name=name: _save(record, name, folder))


def write_logged(opened: OpenStore, run: str, model: mlflow_log.LoggedModel, files: Path) -> None:
    """Write a model that a task has logged by MLflow's own functions."""

    def copy(folder: Path) -> None:
        if model.artifacts:
            shutil.copytree(files / model.artifacts, folder, dirs_exist_ok=True)

    _write(opened, run, model, copy)


def _write(
    opened: OpenStore, run: str, logged: mlflow_log.LoggedModel, fill: Callable[[Path], None]
) -> None:
    """Write a model, unless an earlier attempt did; if that fails, a tag of the run says why.

    Args:
        opened: the store.
        run: the run that has the model.
        logged: the model.
        fill: puts its files into a folder.
    """
    client, experiment_id = opened
    if _is_written(opened, run, logged.key):
        return
    model = client.create_logged_model(
        experiment_id,
        logged.name,
        run,
        {tag.key: tag.value for tag in entities.texts(logged.tags)} | {OWN: logged.key},
        logged.params,
        logged.type,
    )
    try:
        with TemporaryDirectory() as name:
            fill(Path(name))
            _describe(Path(name), model, run)
            client.log_model_artifacts(model.model_id, name)
        status = "READY" if logged.status == "READY" else "FAILED"
        client.finalize_logged_model(model.model_id, status)
        client.log_outputs(run, [LoggedModelOutput(model.model_id, logged.step)])
        metrics = map(dict, entities.plain_metrics(logged.metrics))
        own = [Metric(**{**metric, "model_id": model.model_id}) for metric in metrics]
        client.log_batch(run, own)
    except Exception as error:  # of any library; the run is worth more than its model
        client.delete_logged_model(model.model_id)
        with english():
            client.set_tag(run, f"labkart.not_logged.{model.name}", store.describe_error(error))


def _is_written(opened: OpenStore, run: str, key: str) -> bool:
    client, experiment_id = opened
    models = get_results_from_paginated_fn(
        lambda count, token: client.search_logged_models(
            [experiment_id], f"source_run_id = '{run}'", max_results=count, page_token=token
        ),
        100,
    )
    return any(model.tags.get(OWN) == key and model.status == "READY" for model in models)


def _save(record: TaskRecord, name: str, folder: Path) -> None:
    """Write a model as MLflow does for its library."""
    model = pickle.loads((record.folder / name).read_bytes())
    flavor = _FLAVORS.get(type(model).__module__.partition(".")[0], "sklearn")
    # Its other format refuses forests and networks.
    options: dict[str, Any] = {"serialization_format": "cloudpickle"} if flavor == "sklearn" else {}
    requirements = [
        f"{package}=={version.partition(' @ ')[0]}"
        for package, version in sorted(record.packages.items())
        if package != "Python"
    ]
    began = datetime.fromisoformat(record.started).astimezone(UTC)
    importlib.import_module(f"mlflow.{flavor}").save_model(
        model,
        str(folder),
        mlflow_model=Model(utc_time_created=began.replace(tzinfo=None)),
        pip_requirements=requirements,
        **options,
    )


def _describe(folder: Path, model: LoggedModel, run: str) -> None:
    """Give the file that describes a model its ids in this store."""
    if (folder / "MLmodel").exists():
        description = Model.load(str(folder))
        description.model_id = description.model_uuid = model.model_id
        description.run_id, description.artifact_path = run, model.artifact_location
        description.save(str(folder / "MLmodel"))
