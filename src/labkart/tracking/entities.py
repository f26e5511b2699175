"""An experiment's record in MLflow's own classes: metrics, parameters, data sets and tags.

Calls no store.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from labkart.nested import flatten
from labkart.records import machine_use, verdict
from labkart.records.mlflow_log import accepted_names
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.records.record import Metric as Logged
from labkart.records.values import parse_number, timestamp
from labkart.tracking import links
from labkart.tracking.artifacts import Uses

Point = tuple[str, int, int, str]

_MAX_PARAM, _MAX_TAG = 6000, 8000  # characters; MLflow cuts longer ones
_MANY = 100  # tasks of an experiment
_MOST_RESULTS, _MOST_FILES = 8, 6  # that a description names
_NOT_PARAMS = ("labkart", "search")  # sections of a configuration that change no result


def metrics(names: MetricNames, use: TaskRun, logged: Iterable[Logged]) -> list[Metric]:
    """A task's metrics, with their names in the experiment."""
    return plain_metrics(
        metric._replace(name=names.full(use.label, metric.name, metric.by_mlflow))
        for metric in logged
    )


def plain_metrics(logged: Iterable[Logged]) -> list[Metric]:
    """Metrics with names that MLflow takes."""
    metrics = list(logged)
    names = accepted_names(metric.name for metric in metrics)
    return [
        Metric(names[name], value, round(1000 * seconds), step or 0)
        for name, value, step, seconds, _ in metrics
    ]


def point(metric: Metric) -> Point:
    """What tells a point of a metric from all others of its run."""
    return metric.key, metric.step, metric.timestamp, str(metric.value)  # nan is not itself


def system_metrics(uses: Uses) -> Iterator[Metric]:
    """What long tasks used of the machine over time; of many tasks nobody reads it."""
    if len(uses) > _MANY:
        return
    for use, record in uses:
        if not record.machine_use:
            continue
        began = milliseconds(record.started)
        for step, point in enumerate(machine_use.read(record.folder)):
            moment = began + round(1000 * point.pop("seconds"))
            for name, value in point.items():
                yield Metric(f"system/{use.label}/{name}", value, moment, step)


def experiment_params(experiment: ExperimentRecord, uses: Uses = ()) -> dict[str, str]:
    """An experiment's parameters by the names that a student types: `model`, `model.params.trees`.

    A task's own parameter is named `<task>.<parameter>`. It is left out if the configuration has
    the same value under the same last name; a default, or what `pipeline.py` computes, stays.
    """
    config = dict(flatten(experiment.config))
    params = dict(experiment.settings)
    for name, value in config.items():
        group = name.partition(".")[0]
        is_choice = name == f"{group}.name" and value == params.get(group)
        is_unset = name == group and value is None  # such as `task: null`
        if group not in _NOT_PARAMS and not is_choice and not is_unset:
            params.setdefault(name, value)
    texts = {name: _as_typed(value) for name, value in params.items()}
    known = {(name.rpartition(".")[2], _comparable(value)) for name, value in config.items()}
    for use, record in uses:
        for name, text in record.params.items():
            if (name, _comparable(text)) not in known:
                texts[f"{use.label}.{name}"] = text
        for name, value in record.logged_params.items():
            texts.setdefault(f"{use.label}.{name}", _as_typed(value))
    return texts


def _as_typed(value: object) -> str:
    """A value as a file of conf/ has it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else plain(value)


def _comparable(value: object) -> float | str:
    """A value, or a text of it, such that equal ones are equal."""
    number = parse_number(value)
    return plain(value) if number is None else number


def params(values: Mapping[str, Any]) -> list[Param]:
    """Parameters with names and values that MLflow takes; long ones are cut."""
    names = accepted_names(values)
    return [Param(names[name], plain(value)[:_MAX_PARAM]) for name, value in values.items()]


def texts(values: Mapping[str, Any]) -> list[RunTag]:
    """Tags with names and texts that MLflow takes; long ones are cut."""
    names = accepted_names(values)
    return [RunTag(names[name], plain(value)[:_MAX_TAG]) for name, value in values.items()]


def long_params(values: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that are too long for MLflow, by name."""
    return {name: str(value) for name, value in values.items() if len(str(value)) > _MAX_PARAM}


def datasets(uses: Uses) -> list[DatasetInput]:
    """The declared data, files that were read undeclared, and data of packages, each once."""
    readers: dict[tuple[str, str], list[str]] = {}
    for use, record in uses:
        files = [(data["path"], data["sha256"]) for data in record.data.values()]
        files += [(file.path, file.sha256) for file in record.undeclared]
        files += record.library_data.items()
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
    """The tags that a later command may change; None for those that the run does not have."""
    last = verdict.last_verdict(experiment.id)
    marks = {
        "mlflow.source.git.commit": experiment.code["commit"],
        "labkart.dirty": experiment.code["dirty"],
        "labkart.sweeps": " ".join(experiment.sweeps),
        "labkart.tags": " ".join(experiment.tags),
        "labkart.reproduced": last.mark if last else None,
    }
    if experiment.study:
        marks |= {"labkart.study": experiment.study, "labkart.trial": experiment.trial}
        marks["mlflow.parentRunId"] = links.study_run(experiment.study)
    return marks


def tags(experiment: ExperimentRecord, uses: Uses) -> list[RunTag]:
    """All tags of an experiment's run."""
    code, environment = experiment.code, dict(flatten(experiment.environment))
    inputs = [entity.dataset for entity in datasets(uses)]
    data = [f"{dataset.name} {dataset.digest[:12]}" for dataset in inputs]
    tags = {
        "mlflow.user": environment.pop("user"),
        "mlflow.source.name": experiment.command,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.branch": code["branch"],
        "mlflow.source.git.repoURL": code["remote"],
        "labkart.id": experiment.id,
        **marks(experiment),
        "labkart.data": ", ".join(data),
        "labkart.pruned" if experiment.status == "pruned" else "labkart.error": experiment.error,
        "labkart.accepted": "; ".join(_accepted(uses)),
        **{f"labkart.{name}": value for name, value in environment.items()},
    }
    return texts({name: value for name, value in tags.items() if value not in (None, "")})


def _accepted(uses: Uses) -> list[str]:
    """The tasks whose results a person accepted although their code changed, and why."""
    template = "{label} accepted by {by} on {at:.10}: {changes}"
    return [
        template.format(label=use.label, **record.accepted)
        for use, record in uses
        if record.accepted
    ]


def note(experiment: ExperimentRecord, uses: Uses, page: str) -> RunTag:
    """The description at the top of the run's page: the results, links to its files, remarks.

    MLflow's page shows 150 pixels of it, so the tasks are in the drawing and the table it links to.

    Args:
        experiment: the record.
        uses: its tasks with their records.
        page: the address of its artifacts in MLflow's page.
    """
    names = list(experiment.metrics)[:_MOST_RESULTS]
    results = [f"**{name}** {experiment.metrics[name]:.4g}" for name in names]
    if experiment.status == "pruned":
        results.append(_escaped(experiment.error or ""))
    files = [f"{use.label}/{name}" for use, record in uses for name in record.figures]
    files += [f"{use.label}/{name}" for use, record in uses for name in record.tables]
    shown = ["pipeline.svg", "tasks.csv", *files[:_MOST_FILES]]
    addresses = [f"[{_escaped(file)}]({page}/{quote(file)})" for file in shown]
    remarks = [f"- {accepted}" for accepted in _accepted(uses)]
    paragraphs = [", ".join(results), " · ".join(addresses), "\n".join(remarks)]
    return RunTag("mlflow.note.content", "\n\n".join(filter(None, paragraphs))[:_MAX_TAG])


def _escaped(text: str) -> str:
    """A text in which Markdown sees no marks."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", plain(text))


def plain(value: object) -> str:
    """A text that every store takes: bytes that are not UTF-8 become question marks."""
    return str(value).encode(errors="replace").decode()


def milliseconds(moment: str | None) -> int:
    """A record's time as MLflow writes it; 0 if None."""
    return round(timestamp(moment) * 1000)
