"""An experiment's record in MLflow's own classes: metrics, parameters, data sets and tags.

Calls no store.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from labkart.records import verdict
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.records.record import Metric as Logged
from labkart.records.verdict import Verdict
from labkart.tracking import store

_MAX_PARAM, _MAX_TAG = 6000, 8000  # characters; MLflow cuts longer ones
_MAX_NAME = 250
_MANY = 100  # tasks of an experiment

Uses = Sequence[tuple[TaskRun, TaskRecord]]


def metrics(experiment: ExperimentRecord, use: TaskRun, logged: Iterable[Logged]) -> list[Metric]:
    """A task's metrics; those of the last task keep their names, so that runs can be compared.

    The other tasks' metrics are named `<task>.<metric>`.
    """
    prefix = "" if use.label == experiment.tasks[-1].label else f"{use.label}."
    return [
        Metric((prefix + name)[:_MAX_NAME], value, round(1000 * seconds), step or 0)
        for name, value, step, seconds in logged
    ]


def costs(uses: Uses) -> Iterator[Metric]:
    """What the tasks cost; if they are many, nobody reads it, and `tasks.csv` has it."""
    if len(uses) <= _MANY:
        for use, record in uses:
            yield from _cost(use, record)


def _cost(use: TaskRun, record: TaskRecord) -> Iterator[Metric]:
    ended = milliseconds(record.started) + round(record.wall_seconds * 1000)
    for name in ("wall_seconds", "cpu_seconds", "peak_memory_mb", "gpu_memory_mb"):
        if (value := getattr(record, name)) is not None:
            # The prefix moves them to MLflow's page of system metrics, away from the results.
            yield Metric(f"system/{use.label}.{name}", value, ended, 0)


def params(values: Mapping[str, Any]) -> list[Param]:
    """Parameters with names and values that MLflow takes; long ones are cut."""
    return [
        Param(_NOT_IN_A_NAME.sub("_", name)[:_MAX_NAME], plain(value)[:_MAX_PARAM])
        for name, value in values.items()
    ]


def long_params(values: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that are too long for MLflow, by name."""
    return {name: str(value) for name, value in values.items() if len(str(value)) > _MAX_PARAM}


def datasets(uses: Uses) -> list[DatasetInput]:
    """The declared data, and the files that were read without being declared, each once."""
    readers: dict[tuple[str, str], list[str]] = {}
    for use, record in uses:
        files = [(data["path"], data["sha256"]) for data in record.data.values()]
        files += [(file.path, file.sha256) for file in record.undeclared]
        for file in files:
            readers.setdefault(file, []).append(use.label)
    return [
        DatasetInput(
            Dataset(
                name=path, digest=sha256[:36], source_type="local", source=json.dumps({"uri": path})
            ),
            [InputTag("mlflow.data.context", ", ".join(dict.fromkeys(labels)))],
        )
        for (path, sha256), labels in readers.items()
    ]


def marks(experiment: ExperimentRecord) -> dict[str, Any]:
    """The tags that a later command may change."""
    last = verdict.last_verdict(experiment.id)
    return {
        "mlflow.source.git.commit": experiment.code["commit"],
        "labkart.dirty": experiment.code["dirty"],
        "labkart.sweeps": " ".join(experiment.sweeps) or None,
        "labkart.tags": " ".join(experiment.tags) or None,
        "labkart.reproduced": last.mark if last else None,
    }


def tags(experiment: ExperimentRecord, uses: Uses) -> list[RunTag]:
    """All tags of an experiment's run."""
    code, environment = experiment.code, experiment.environment
    inputs = [entity.dataset for entity in datasets(uses)]
    data = [f"{dataset.name} {dataset.digest[:12]}" for dataset in inputs]
    accepted = [f"{label} {changes}" for label, changes in _accepted(uses).items()]
    tags = {
        "mlflow.user": environment["user"],
        "mlflow.source.name": experiment.command,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.branch": code["branch"],
        "mlflow.source.git.repoURL": code["remote"],
        "mlflow.note.content": _note(experiment, uses),
        "labkart.experiment": experiment.id,
        **marks(experiment),
        "labkart.data": ", ".join(data) or None,
        "labkart.study": experiment.study,
        "labkart.trial": experiment.trial,
        "mlflow.parentRunId": store.study_run(experiment.study),
        "labkart.pruned" if experiment.status == "pruned" else "labkart.error": experiment.error,
        "labkart.accepted": "; ".join(accepted) or None,
        **{f"labkart.{name}": value for name, value in environment.items()},
    }
    texts = {name: plain(value) for name, value in tags.items() if value is not None}
    return [RunTag(name, text[:_MAX_TAG]) for name, text in texts.items()]


def _accepted(uses: Uses) -> dict[str, str]:
    """The tasks whose results a person accepted although their code changed, and why."""
    template = "by {by} on {at:.10}: {changes}"
    return {
        use.label: template.format(**record.accepted) for use, record in uses if record.accepted
    }


def _note(experiment: ExperimentRecord, uses: Uses) -> str:
    """The description at the top of the run's page: the results, and what each task took."""
    results = [f"**{name}** {value:.4g}" for name, value in experiment.metrics.items()]
    rows = [f"| {use.label} | {use.state} | {_own_seconds(use)} |" for use in experiment.tasks]
    remarks = [f"- {label} accepted {changes}" for label, changes in _accepted(uses).items()]
    if last := verdict.last_verdict(experiment.id):
        remarks.append(reproduced(last))
    table = ["| task | state | seconds |", "| --- | --- | ---: |", *rows]
    return "\n".join([", ".join(results), "", *table, *(["", *remarks] if remarks else [])])


def _own_seconds(use: TaskRun) -> str:
    """How long a task ran in this experiment; empty if it did not."""
    return "" if use.state in ("cached", "not run") else f"{use.seconds:.1f}"


def reproduced(last: Verdict) -> str:
    """The description's line about the last attempt to reproduce it."""
    lines = [line.strip() for line in str(last).splitlines()]
    return f"- reproduced on {last.ended:.10}: {'; '.join(lines)}"


def plain(value: object) -> str:
    """A text that every store takes: bytes that are not UTF-8 become question marks."""
    return str(value).encode(errors="replace").decode()


_NOT_IN_A_NAME = re.compile(r"[^\w.:/ -]")


def milliseconds(moment: str | None) -> int:
    """A record's time as MLflow writes it; 0 if None."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0
