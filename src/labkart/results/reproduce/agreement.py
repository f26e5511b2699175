"""How a run differs from the recorded one: two records of an experiment, task by task.

Knows records alone: runs nothing and reads no file.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import zip_longest
from typing import Any

from labkart.language import bilingual
from labkart.records import values
from labkart.records.diff import changed_definitions, changes
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.records.verdict import TOLERANCE, Deviation, Verdict

_ENVIRONMENT = ("python", "os", "cpu", "threads", "gpu", "gpu_driver", "cuda", "cudnn")


@dataclass(frozen=True)
class RunRecords:
    """One of the two runs.

    Attributes:
        experiment: its record.
        tasks: the records of its tasks by label, where they are known; they name code and packages.
    """

    experiment: ExperimentRecord
    tasks: Mapping[str, TaskRecord | None]

    def task_run(self, label: str) -> TaskRun | None:
        """The task of this label; None if the pipeline does not have it."""
        return next((task for task in self.experiment.tasks if task.label == label), None)


def compare_records(
    then: RunRecords,
    now: RunRecords,
    tolerance: float = TOLERANCE,
    ignored: Collection[str] = (),
) -> Verdict:
    """Compare the recorded run with the new one; tasks are matched by their labels.

    Args:
        then: the recorded run.
        now: the new one.
        tolerance: up to which two values of a metric are equal.
        ignored: patterns of metrics that do not count, such as `*seconds`.
    """
    verdict = Verdict(
        then.experiment.id,
        tolerance=tolerance,
        tasks=len(then.experiment.tasks),
        again=now.experiment.id,
        environment=now.experiment.environment,
    )
    tasks = then.experiment.tasks
    causes = {task.label: list(_causes(task, now.task_run(task.label))) for task in tasks}
    verdict.outputs = [
        task.label for task in tasks if _outputs(task) != _outputs(now.task_run(task.label))
    ]
    verdict.deviations = [
        deviation for deviation in _deviations(then, now) if not _matches(deviation.name, ignored)
    ]
    verdict.notes = explanations(then, now)
    verdict.notes += _changed_machine(then.experiment.environment, now.experiment.environment)
    _decide(verdict, then, now, causes)
    return verdict


def explanations(then: RunRecords, now: RunRecords) -> list[str]:
    """How the records differ in what decides a result: settings, data, seeds, code, packages."""
    return [
        *_changed_settings(then.experiment, now.experiment),
        *(note for it in then.experiment.tasks for note in _causes(it, now.task_run(it.label))),
        *_task_notes(then, now),
    ]


def _decide(
    verdict: Verdict, then: RunRecords, now: RunRecords, causes: Mapping[str, list[str]]
) -> None:
    """Set the verdict's kind, its first differing task and its error."""
    off = {
        deviation.task
        for deviation in verdict.deviations
        if not deviation.is_within(verdict.tolerance)
    }
    differing = {*verdict.outputs, *off, *(label for label in causes if causes[label])}
    first = next((label for label in causes if label in differing), None)
    failed = next((task for task in now.experiment.tasks if task.state == "failed"), None)
    if now.experiment.status != "finished":
        verdict.kind = "different"
        verdict.error = failed.error if failed else now.experiment.error
        verdict.first = failed.label if failed else first
    elif off or any(causes.values()) or any(_changed_settings(then.experiment, now.experiment)):
        verdict.kind, verdict.first = "different", first or then.experiment.tasks[-1].label
    elif not verdict.outputs:
        verdict.kind = "identical"
    elif then.experiment.metrics:
        verdict.kind = "equal"
    else:
        verdict.kind, verdict.first = "different", first
        verdict.error = bilingual("there is no metric by which they could be equal")


def _outputs(task: TaskRun | None) -> list[str] | None:
    """The digests of a task's outputs, or None if it is missing."""
    return [state["sha256"] for state in task.result.get("outputs", ())] if task else None


def _causes(then: TaskRun, now: TaskRun | None) -> Iterator[str]:
    """Why a task's result may be another one: its parameters, its seed, the files that it read."""
    if now is None:
        yield bilingual("{task} is not in the pipeline", task=then.label)
        return
    if not now.result:  # it did not run
        return
    params, new_params = then.result.get("params", {}), now.result.get("params", {})
    yield from (f"{then.label}: {change}" for change in _changes(params, new_params))
    seed, new_seed = then.result.get("seed"), now.result.get("seed")
    if seed != new_seed and params.get("seed") == new_params.get("seed"):
        yield bilingual("{task}: seed {then} -> {now}", task=then.label, then=seed, now=new_seed)
    digests, new_digests = _read_files(then), _read_files(now)
    for path in dict.fromkeys([*digests, *new_digests]):
        if digests.get(path) != new_digests.get(path):
            yield bilingual("{task}: data {path}", task=then.label, path=path)
    files, new_files = (run.result.get("library_data") or {} for run in (then, now))
    for path in files.keys() & new_files.keys():
        if files[path] != new_files[path]:
            yield bilingual("{task}: data {path} of a package", task=then.label, path=path)


def _read_files(task: TaskRun) -> dict[str, str]:
    """The digests of the files that a task read, by path."""
    states = [*task.result.get("data", {}).values(), *task.result.get("undeclared", ())]
    return {state["path"]: state["sha256"] for state in states}


def _task_notes(then: RunRecords, now: RunRecords) -> Iterator[str]:
    """Differences in the tasks that the outputs decide about: code, packages, new tasks."""
    tasks = then.experiment.tasks
    changes = [note for task in tasks for note in _changed_code(task.label, then, now)]
    yield from dict.fromkeys(changes)
    for task in now.experiment.tasks:
        if not then.task_run(task.label):
            yield bilingual("{task} is new in the pipeline", task=task.label)
    for task in tasks:
        if task.result.get("accepted"):
            yield bilingual("{task}: its result was accepted from other code", task=task.label)


def _changed_code(label: str, then: RunRecords, now: RunRecords) -> Iterator[str]:
    task, new_task = then.task_run(label), now.task_run(label)
    record, new_record = then.tasks.get(label), now.tasks.get(label)
    if not task or not new_task or not new_task.result:
        return
    if not record or not new_record:  # only the digests are known
        if task.result.get("code") != new_task.result.get("code"):
            yield bilingual("{task}: code", task=label)
        if task.result.get("packages") != new_task.result.get("packages"):
            yield bilingual("{task}: packages", task=label)
        return
    for file in sorted({*record.code, *new_record.code}):
        new, old = new_record.code.get(file, {}), record.code.get(file, {})
        for place in changed_definitions(file, new, old)[:3]:
            yield bilingual("{task}: code of {place}", task=label, place=place)
    yield from sorted(_changes(record.packages, new_record.packages))


def _changed_settings(then: ExperimentRecord, now: ExperimentRecord) -> Iterator[str]:
    return _changes(values.settings(then), values.settings(now))


def _changed_machine(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in _ENVIRONMENT if name in then]
    return _changes({name: then[name] for name in names}, {n: now[n] for n in names if n in now})


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The values that differ, as `name old -> new`."""
    for name, *pair in changes(then, now):
        old, new = ("none" if value is None else value for value in pair)
        yield f"{name} {old} -> {new}"


def _deviations(then: RunRecords, now: RunRecords) -> Iterator[Deviation]:
    """The metrics that are not exactly the same, each with its largest deviation."""
    names = MetricNames(then.experiment)
    for task in then.experiment.tasks:
        metrics, new_metrics = _metrics(task), _metrics(now.task_run(task.label))
        for name in dict.fromkeys([*metrics, *new_metrics]):
            pairs = zip_longest(metrics.get(name, ()), new_metrics.get(name, ()))
            deviations = [
                Deviation(task.label, names.full(task.label, name), value, new_value)
                for value, new_value in pairs
                if not _is_same(value, new_value)
            ]
            if deviations:
                yield max(deviations, key=_size)


def _metrics(task: TaskRun | None) -> dict[str, list[float]]:
    """The values of each metric that a task logged, in order."""
    metrics: dict[str, list[float]] = {}
    for name, value, *_ in task.result.get("metrics", ()) if task else ():
        metrics.setdefault(name, []).append(value)
    return metrics


def _is_same(then: float | None, now: float | None) -> bool:
    if then is None or now is None:
        return then is now
    return then == now or (math.isnan(then) and math.isnan(now))


def _size(deviation: Deviation) -> float:
    if deviation.then is None or deviation.now is None:
        return math.inf
    size = abs(deviation.then - deviation.now)
    return math.inf if math.isnan(size) else size


def _matches(name: str, patterns: Collection[str]) -> bool:
    """Whether a pattern fits a metric's name, with or without its task."""
    names = (name, name.rpartition(".")[2])
    return any(fnmatchcase(text, pattern) for text in names for pattern in patterns)
