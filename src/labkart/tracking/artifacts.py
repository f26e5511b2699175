"""The files of an experiment as MLflow's page shows them: figures, tables, outputs, models.

Links or copies files and makes no record. Knows neither metrics nor tags.
"""

import csv
import importlib
import pickle
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkart import project
from labkart.digests import FileState, files
from labkart.language import english
from labkart.records.names import results_of
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.records.texts import text_file
from labkart.tracking import pipeline_svg, printed_logs, store

if TYPE_CHECKING:
    from mlflow import MlflowClient

Uses = Sequence[tuple[TaskRun, TaskRecord]]

_READ_ONLY = 0o444


def gather(
    folder: Path, experiment: ExperimentRecord, uses: Uses, texts: Mapping[str, str]
) -> None:
    """Put an experiment's files into a folder.

    What nobody writes to any more takes no space again: it gets a second name there. A record and
    an output do not, since a second name changes the stamp by which they are known as unchanged.

    Args:
        folder: where to; it is made if it does not exist.
        experiment: whose files.
        uses: its tasks with their records.
        texts: parameters that are too long for MLflow, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in experiment.folder.glob("[!.]*"):
        put = _copy if file.name == "record.json" else link
        put(folder / file.name, file)
    for name, digest in experiment.texts.items():
        link(folder / name, text_file(digest))
    for use, record in uses:
        for name in (*record.figures, *record.tables, *record.artifacts):
            for path, file in files(record.folder / name):
                place = folder / use.label / name
                link(place / path if (record.folder / name).is_dir() else place, file)
    printed_logs.place(folder, experiment)
    for name, text in texts.items():
        file = folder / "parameters" / f"{name.replace('/', '_')}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    _write_tasks(folder / "tasks.csv", experiment, uses)
    (folder / "pipeline.svg").write_text(pipeline_svg.svg(experiment, uses), encoding="utf-8")
    _outputs(folder, experiment, uses)


_COSTS = ("wall_seconds", "cpu_seconds", "peak_memory_mb", "gpu_memory_mb")


def _write_tasks(path: Path, experiment: ExperimentRecord, uses: Uses) -> None:
    """Write what each task cost, and what those that took long used of the machine."""
    use_names = dict.fromkeys(name for _, record in uses for name in record.machine_use)
    names = (*_COSTS, *use_names)
    values = {use.label: {**vars(record), **record.machine_use} for use, record in uses}
    rows = list[Sequence[Any]]()
    for use in experiment.tasks:
        costs = [values.get(use.label, {}).get(name) for name in names]
        rounded = ["" if cost is None else round(cost, 3) for cost in costs]
        rows.append((use.label, use.state, *rounded, use.id))
    _write_csv(path, ("task", "state", *names, "id"), rows)


def _outputs(folder: Path, experiment: ExperimentRecord, uses: Uses) -> None:
    """Copy the outputs that the experiment's settings ask for, and list those too large."""
    limit, results = experiment.artifact_mb * 1e6, results_of(experiment).values()
    skipped: list[tuple[str, FileState]] = []
    for use, record in uses:
        is_asked_for = experiment.artifact_tasks == "all" or use.label in results
        for state in record.outputs if is_asked_for else ():
            file = project.current().outputs / state.path
            is_logged = file.name in (*record.figures, *record.tables, *record.artifacts)
            place = folder / use.label / f"{'output-' * is_logged}{file.name}"
            if state.bytes > limit or not _copy(place, file):
                skipped.append((use.label, state))
    if skipped:
        rows = [(label, state.path, state.bytes, state.sha256) for label, state in skipped]
        _write_csv(folder / "outputs_not_copied.csv", ("task", "path", "bytes", "sha256"), rows)


def link(name: Path, file: Path) -> None:
    """Give a file a second name where the disk can, and else copy it, if it still exists.

    A file with two names is made read-only: an editor that writes in place would change both.
    """
    _prepare(name)
    try:
        file.chmod(_READ_ONLY)
        name.hardlink_to(file)
    except FileNotFoundError:
        return
    except OSError:  # another disk, a file of another user, or one with too many names
        _copy(name, file)


def _prepare(name: Path) -> None:
    """Make room for a file; a link there is not written through."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.unlink(missing_ok=True)


def _copy(name: Path, file: Path) -> bool:
    """Copy a file, if it still exists, and say whether it does."""
    with suppress(FileNotFoundError):
        _prepare(name)
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
            with english():
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
