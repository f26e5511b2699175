"""The files of an experiment as MLflow's page shows them: figures, tables, outputs, logs.

Links or copies files and makes no record. Knows neither metrics nor tags.
"""

import csv
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkart import project
from labkart.digests import files
from labkart.records import task_log
from labkart.records.names import results_of
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.records.texts import text_file
from labkart.tracking import pipeline_svg

Uses = Sequence[tuple[TaskRun, TaskRecord]]

_READ_ONLY = 0o444


def gather(
    folder: Path, experiment: ExperimentRecord, uses: Uses, texts: Mapping[str, str]
) -> None:
    """Put an experiment's files into a folder; it is made if it does not exist.

    What nobody writes to any more takes no space again: it gets a second name there. A record and
    an output do not, since a second name changes the stamp by which they are known as unchanged.
    Parameters that are too long for MLflow are there whole, as texts by their names.
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
    place_logs(folder, experiment)
    for name, text in texts.items():
        file = folder / "parameters" / f"{name.replace('/', '_')}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    _write_tasks(folder / "tasks.csv", experiment, uses)
    (folder / "pipeline.svg").write_text(pipeline_svg.svg(experiment, uses), encoding="utf-8")
    _copy_outputs(folder, experiment, uses)


def own_folder(run: str) -> Path:
    """Where the project's own store has the files of a run."""
    return project.current().outputs / "artifacts" / run / "artifacts"


def place_logs(folder: Path, experiment: ExperimentRecord) -> None:
    """Put the logs of the tasks into a folder that has the experiment's files."""
    for label, log in logs(experiment):
        link(folder / label / task_log.NAME, log)


def logs(experiment: ExperimentRecord) -> Iterator[tuple[str, Path]]:
    """The logs of the tasks that have printed something, by their labels."""
    for use in experiment.tasks:
        if log := task_log.find(experiment, use):
            yield use.label, log


_COSTS = ("wall_seconds", "cpu_seconds", "peak_memory_mb", "gpu_memory_mb")


def _write_tasks(path: Path, experiment: ExperimentRecord, uses: Uses) -> None:
    """Write what each task cost, and what those that took long used of the machine."""
    use_names = dict.fromkeys(name for _, record in uses for name in record.machine_use)
    names = (*_COSTS, *use_names)
    values = {use.label: {**vars(record), **record.machine_use} for use, record in uses}
    rows = list[Sequence[Any]]([("task", "state", *names, "id")])
    for use in experiment.tasks:
        costs = [values.get(use.label, {}).get(name) for name in names]
        rounded = ["" if cost is None else round(cost, 3) for cost in costs]
        rows.append((use.label, use.state, *rounded, use.id))
    _write_csv(path, rows)


def _write_csv(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _copy_outputs(folder: Path, experiment: ExperimentRecord, uses: Uses) -> None:
    """Copy the outputs that the experiment's settings ask for, and list those too large."""
    results = results_of(experiment).values()
    too_large = list[Sequence[Any]]()
    for use, record in uses:
        is_asked_for = experiment.artifact_tasks == "all" or use.label in results
        for state in record.outputs if is_asked_for else ():
            if state.bytes > experiment.artifact_mb * 1e6:
                too_large.append((use.label, state.path, state.bytes, state.sha256))
                continue
            file = project.current().outputs / state.path
            is_logged = file.name in (*record.figures, *record.tables, *record.artifacts)
            _copy(folder / use.label / f"{'output-' * is_logged}{file.name}", file)
    if too_large:
        head = ("task", "path", "bytes", "sha256")
        _write_csv(folder / "outputs_not_copied.csv", [head, *too_large])


def link(name: Path, file: Path) -> None:
    """Give a file a second name where the disk can, and else copy it, if it still exists.

    A file with two names is made read-only: an editor that writes in place would change both.
    """
    try:
        if name.exists() and name.samefile(file):
            return
        _prepare(name)
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


def _copy(name: Path, file: Path) -> None:
    """Copy a file, if it still exists."""
    with suppress(FileNotFoundError):
        _prepare(name)
        shutil.copyfile(file, name)
