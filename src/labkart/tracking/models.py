"""Models in MLflow: those of `self.log_model`, and those of MLflow's own functions in a task."""

import importlib
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.models import Model
from mlflow.utils import get_results_from_paginated_fn

from labkart.language import english
from labkart.records import mlflow_log
from labkart.records.record import TaskRecord, TaskRun
from labkart.tracking import entities, store
from labkart.tracking.store import OpenStore

OWN = "labkart.logged"  # the tag of runs and models that were written from a task's log
_SKLEARN = ("sklearn", "sk_model")
_NOT_IN_A_NAME = re.compile(r"[/:.%\"']")
# By the top module of a model's class, MLflow's flavour and what that calls the model.
_FLAVORS = {
    "catboost": ("catboost", "cb_model"),
    "keras": ("keras", "model"),
    "lightgbm": ("lightgbm", "lgb_model"),
    "sklearn": _SKLEARN,
    "statsmodels": ("statsmodels", "statsmodels_model"),
    "torch": ("pytorch", "pytorch_model"),
    "xgboost": ("xgboost", "xgb_model"),
}


def write_models(opened: OpenStore, run: str, use: TaskRun, record: TaskRecord) -> None:
    """Write the models that a task has logged by `self.log_model`."""
    for name in record.models:
        title = _NOT_IN_A_NAME.sub("_", f"{use.label} {Path(name).stem}")
        _create(
            opened,
            lambda model, name=name: _pickled(model, run, record, record.folder / name),
            name=title,
            source_run_id=run,
            tags={OWN: title},
        )


def write_logged(opened: OpenStore, run: str, logged: mlflow_log.LoggedModel, files: Path) -> None:
    """Write a model that a task has logged by MLflow's own functions."""
    client = opened.client

    def fill(model: LoggedModel) -> None:
        if logged.artifacts:
            _copy_files(client, model, run, files / logged.artifacts)
        status = "READY" if logged.status == "READY" else "FAILED"
        client.finalize_logged_model(model.model_id, status)
        client.log_outputs(run, [LoggedModelOutput(model.model_id, logged.step)])
        metrics = map(dict, entities.plain_metrics(logged.metrics))
        own = [Metric(**{**metric, "model_id": model.model_id}) for metric in metrics]
        client.log_batch(run, own)

    tags = {tag.key: tag.value for tag in entities.texts(logged.tags)} | {OWN: logged.key}
    _create(
        opened,
        fill,
        name=logged.name,
        source_run_id=run,
        tags=tags,
        params=logged.params,
        model_type=logged.type,
    )


def _create(opened: OpenStore, fill: Callable[[LoggedModel], None], **fields: Any) -> None:
    """Write a model, unless an earlier attempt did; if that fails, a tag of the run says why.

    Args:
        opened: the store.
        fill: gives MLflow its files.
        fields: what `MlflowClient.create_logged_model` takes, but for the experiment.
    """
    client, experiment_id = opened
    run = fields["source_run_id"]
    query = f"source_run_id = '{run}'"
    earlier = get_results_from_paginated_fn(
        lambda count, token: client.search_logged_models(
            [experiment_id], query, max_results=count, page_token=token
        ),
        100,
    )
    own = fields["tags"][OWN]
    if any(other.tags.get(OWN) == own and other.status == "READY" for other in earlier):
        return
    model = client.create_logged_model(experiment_id, **fields)
    try:
        fill(model)
    except Exception as error:  # of any library; the run is worth more than its model
        client.delete_logged_model(model.model_id)
        with english():
            client.set_tag(run, f"labkart.not_logged.{model.name}", store.describe_error(error))


def _pickled(logged: LoggedModel, run: str, record: TaskRecord, file: Path) -> None:
    """Log a model in the flavour that its library has in MLflow."""
    model = pickle.loads(file.read_bytes())
    flavor, argument = _FLAVORS.get(type(model).__module__.partition(".")[0], _SKLEARN)
    # Its other format refuses forests and networks.
    options: dict[str, Any] = {"serialization_format": "cloudpickle"} if flavor == "sklearn" else {}
    requirements = [
        f"{package}=={version.partition(' @ ')[0]}"
        for package, version in sorted(record.packages.items())
        if package != "Python"
    ]
    store.set_tracking_uri(mlflow.set_tracking_uri)  # it cannot be set for one call alone
    Model.log(
        artifact_path=None,
        flavor=importlib.import_module(f"mlflow.{flavor}"),
        model_id=logged.model_id,
        run_id=run,
        pip_requirements=requirements,
        **{argument: model},
        **options,
    )


def _copy_files(client: MlflowClient, model: LoggedModel, run: str, files: Path) -> None:
    """Copy the files of a model; the one that describes it gets the ids of this store."""
    with TemporaryDirectory() as name:
        folder = Path(shutil.copytree(files, name, dirs_exist_ok=True))
        if (folder / "MLmodel").exists():
            description = Model.load(str(folder))
            description.model_id = description.model_uuid = model.model_id
            description.run_id, description.artifact_path = run, model.artifact_location
            description.save(str(folder / "MLmodel"))
        client.log_model_artifacts(model.model_id, str(folder))
