"""The files of an experiment as MLflow's page shows them: figures, tables, outputs, models.

Copies files and makes no record. Knows neither metrics nor tags.
"""

import csv
import importlib
import pickle
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkart import project
from labkart.digests import FileState
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.tracking import pipeline_svg, store

if TYPE_CHECKING:
    from mlflow import MlflowClient

Uses = Sequence[tuple[TaskRun, TaskRecord]]


def gather(
    folder: Path, experiment: ExperimentRecord, uses: Uses, texts: Mapping[str, str]
) -> None:
    """Copy an experiment's files into a folder.

    Args:
        folder: where to; it is made if it does not exist.
        experiment: whose files.
        uses: its tasks with their records.
        texts: parameters that are too long for MLflow, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in experiment.folder.glob("[!.]*"):
        _copy(folder / file.name, file)
    for use, record in uses:
        for name in (*record.figures, *record.tables):
            _copy(folder / use.label / name, record.folder / name)
    for name, text in texts.items():
        file = folder / "parameters" / f"{name.replace('/', '_')}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    _write_csv(folder / "tasks.csv", ("task", "state", *_COSTS, "id"), _tasks(experiment, uses))
    (folder / "pipeline.svg").write_text(pipeline_svg.svg(experiment, uses), encoding="utf-8")
    _outputs(folder / "outputs", experiment.artifact_mb * 1e6, uses)


_COSTS = ("wall_seconds", "cpu_seconds", "peak_memory_mb", "gpu_memory_mb")


def _tasks(experiment: ExperimentRecord, uses: Uses) -> Iterator[tuple[Any, ...]]:
    records = {use.label: record for use, record in uses}
    for use in experiment.tasks:
        costs = [getattr(records.get(use.label), name, None) for name in _COSTS]
        yield (
            use.label,
            use.state,
            *("" if cost is None else round(cost, 3) for cost in costs),
            use.id,
        )


def _outputs(folder: Path, limit: float, uses: Uses) -> None:
    """Copy outputs up to `limit` bytes, and list the others."""
    skipped: list[tuple[str, FileState]] = []
    for use, record in uses:
        for state in record.outputs:
            file = project.current().outputs / state.path
            if state.bytes > limit or not _copy(folder / use.label / file.name, file):
                skipped.append((use.label, state))
    if skipped:
        rows = [(label, state.path, state.bytes, state.sha256) for label, state in skipped]
        _write_csv(folder / "not_copied.csv", ("task", "path", "bytes", "sha256"), rows)


def _copy(name: Path, file: Path) -> bool:
    """Copy a file, if it still exists, and say whether it does."""
    name.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        shutil.copyfile(file, name)
        return True
    return False


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


def log_models(
    client: "MlflowClient", experiment_id: str, run: str, use: TaskRun, record: TaskRecord
) -> None:
    """Give MLflow the models that a task has logged.

    If it cannot take one, a tag of the run says why.
    """
    for name in record.models:
        title = _NOT_IN_A_NAME.sub("_", f"{use.label} {Path(name).stem}")
        previous = client.search_logged_models(
            [experiment_id], filter_string=f"name = '{title}' AND source_run_id = '{run}'"
        )
        if any(model.status == "READY" for model in previous):  # by an earlier attempt to publish
            continue
        model = client.create_logged_model(experiment_id, title, run)
        try:
            _log_model(model.model_id, run, record, record.folder / name)
        except Exception as error:  # of any library; the run is worth more than its model
            client.delete_logged_model(model.model_id)
            client.set_tag(run, f"labkart.not_logged.{title}", store.describe_error(error))


def _log_model(id: str, run: str, record: TaskRecord, file: Path) -> None:
    """Log a model in the flavour that its library has in MLflow."""
    import mlflow
    from mlflow.models import Model

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
        model_id=id,
        run_id=run,
        pip_requirements=requirements,
        **{argument: model},
        **options,
    )


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
