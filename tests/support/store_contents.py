"""All that a store of MLflow holds of a project, without the ids that differ between stores."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run

# What has the id of a run or of a model in it.
IDS = ("mlflow.parentRunId", "labkart.logged", "model_id", "model_uuid", "run_id", "artifact_path")


def contents(client: MlflowClient, experiment: str) -> dict[str, Any]:
    """Each run by its name and those above it, field by field, and the models below the run that logged them."""
    parent = client.get_experiment_by_name(experiment)
    assert parent
    runs = {run.info.run_id: run for run in client.search_runs([parent.experiment_id])}
    all_of_it = {_path(run, runs): _run(client, run) for run in runs.values()}
    assert len(all_of_it) == len(runs)
    for model in client.search_logged_models([parent.experiment_id]):
        if model.source_run_id in runs:  # else the run was deleted
            models = all_of_it[_path(runs[model.source_run_id], runs)]["models"]
            models[model.name] = _model(client, model)
    return all_of_it


def _path(run: Run, runs: dict[str, Run]) -> str:
    above = run.data.tags.get("mlflow.parentRunId")
    return f"{_path(runs[above], runs)}/{run.info.run_name}" if above else str(run.info.run_name)


def _run(client: MlflowClient, run: Run) -> dict[str, Any]:
    info, data = run.info, run.data
    return {
        "info": (info.status, info.start_time, info.end_time, info.user_id),
        "params": data.params,
        "tags": {
            name: text.replace(f"/{info.experiment_id}/runs/{info.run_id}/", "/")  # in links
            for name, text in data.tags.items()
            if name not in IDS
        },
        "metrics": {
            name: sorted(
                (metric.step, metric.timestamp, repr(metric.value))
                for metric in client.get_metric_history(info.run_id, name)
            )
            for name in data.metrics
        },
        "inputs": sorted(str(item.to_dictionary()) for item in run.inputs.dataset_inputs),
        "outputs": sorted(model.step for model in run.outputs.model_outputs) if run.outputs else [],
        "files": _files_of(client, info.run_id),
        "models": {},
    }


def _model(client: MlflowClient, model: LoggedModel) -> dict[str, Any]:
    from mlflow.artifacts import download_artifacts

    with TemporaryDirectory() as target:
        location, address = model.artifact_location, client.tracking_uri
        folder = Path(download_artifacts(location, dst_path=target, tracking_uri=address))
        description = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
        files = _digests(folder, "MLmodel")
    return {
        "fields": (model.model_type or "", str(model.status), model.params),
        "tags": {name: text for name, text in model.tags.items() if name not in IDS},
        "metrics": sorted((m.key, m.step, m.timestamp, m.value) for m in model.metrics or ()),
        "description": {name: text for name, text in description.items() if name not in IDS},
        "files": files,
    }


def _files_of(client: MlflowClient, run: str) -> dict[str, str]:
    with TemporaryDirectory() as target:
        return _digests(Path(client.download_artifacts(run, "", target)))


def _digests(folder: Path, *others: str) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in _files(folder)
        if file.name not in others
    }


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def differences(stored: Any, expected: Any, name: str = "") -> list[str]:
    """Where the contents of two stores differ, in a line each."""
    if isinstance(stored, dict) and isinstance(expected, dict):
        keys = sorted({*stored, *expected}, key=str)
        return [
            line
            for key in keys
            for line in differences(
                stored.get(key, "nothing"), expected.get(key, "nothing"), f"{name}/{key}"
            )
        ]
    return [] if stored == expected else [f"{name}: {stored!r}, not {expected!r}"]
