"""The status of an experiment's tasks: done, missing or changed, with the reason and the cost.

Compares tasks with records of earlier runs. Runs nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from labkart.experiments.plan import Experiment
from labkart.fingerprint import snapshot
from labkart.language import english, translate
from labkart.records import diff, record
from labkart.records.names import MetricNames
from labkart.records.record import TaskRecord
from labkart.records.states import describe_state
from labkart.secrets import redact
from labkart.tasks import task_id
from labkart.tasks.params import own_params
from labkart.tasks.task import Task, describe_damage
from labkart.wording import and_more

_MOST_NAMES = 3  # of a list in a reason
_Texts = Mapping[str, dict[str, str]]


@dataclass
class Changes:
    """What differs between a task and an earlier run of its class, in words."""

    params: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    upstream: list[str] = field(default_factory=list)
    unknown_upstream: int = 0  # upstream tasks without an earlier run that was upstream of it

    @property
    def distance(self) -> tuple[int, ...]:
        """How far apart they are; parameters and upstream tasks tell configurations apart."""
        others = (len(self.data), len(self.code), len(self.packages))
        return len(self.params), self.unknown_upstream, *others

    def __str__(self) -> str:
        parts = [_shortened(names) for names in (self.data, self.code, self.packages) if names]
        if self.upstream:
            parts.append(translate("upstream {labels}", labels=_shortened(self.upstream)))
        return ", ".join(parts)


@dataclass
class TaskStatus:
    """The state of a task.

    Attributes:
        state: `done`; `changed` if it ran before with the same parameters; else `missing`.
        reason: why it is not done, or who accepted its result.
        before: the record of its last run, or else of the run that is most like it.
        changes: how it differs from that run.
    """

    label: str
    task: Task[Any]
    state: str
    reason: str = ""
    before: TaskRecord | None = None
    changes: Changes = field(default_factory=Changes)

    @property
    def seconds(self) -> float | None:
        """How long the run before took; None if there is none."""
        return self.before.wall_seconds if self.before else None

    @property
    def outputs(self) -> list[Path]:
        """Where its outputs are, or will be."""
        return task_id.output_paths(self.task)

    def keys(self) -> set[str]:
        """The keys that other records may have for it: its own, and those that it replaces."""
        keys = {task_id.task_key(self.task)}
        if self.before:
            keys.add(self.before.key)
            if self.before.accepted:
                keys.add(f"{self.before.name}_{self.before.accepted['from']}")
        return keys


def statuses(experiment: Experiment, reader: "StatusReader | None" = None) -> list[TaskStatus]:
    """The statuses of an experiment's tasks, upstream tasks first.

    Args:
        experiment: the experiment.
        reader: knows the statuses of the tasks that other experiments share with it.
    """
    reader = reader or StatusReader()
    with snapshot.frozen():
        return [_needed_status(experiment, label, reader) for label in experiment.tasks]


def _needed_status(experiment: Experiment, label: str, reader: "StatusReader") -> TaskStatus:
    """The status of a task, which is done where this experiment does not need it."""
    task = experiment.tasks[label]
    status = reader.statuses.get(task_id.task_key(task)) or reader.read(label, task)
    if status.state == "done" or label in experiment.missing:
        return status
    reason = translate("{reason}, and nothing needs it now", reason=status.reason)
    return replace(status, state="done", reason=reason)


class StatusReader:
    """Reads the statuses of tasks one by one; a task's upstream tasks must be read before it."""

    def __init__(self) -> None:
        self.statuses: dict[str, TaskStatus] = {}  # what was read, by the task's key
        self._runs: dict[str, list[TaskRecord]] = {}

    def read(self, label: str, task: Task[Any]) -> TaskStatus:
        """Read the present status of a task."""
        status = self._status(label, task)
        self.statuses[task_id.task_key(task)] = status
        return status

    def upstream(self, task: Task[Any]) -> list[TaskStatus]:
        """The statuses of the tasks that a task builds on."""
        return [self.statuses[task_id.task_key(needed)] for needed in task_id.upstream(task)]

    def _status(self, label: str, task: Task[Any]) -> TaskStatus:
        last = task.last_record()
        if last and task.complete():
            return TaskStatus(label, task, "done", _describe_acceptance(last), last)
        if last and last.status == "done":
            return TaskStatus(label, task, "changed", describe_damage(task, last), last)
        failure = (
            ": ".join(dict.fromkeys([describe_state(last.status), str(last.error)])) if last else ""
        )
        closest = self._closest_run(label, task)
        if closest is None:
            return TaskStatus(label, task, "missing", failure or translate("no run yet"))
        changes = closest.changes
        if changes.params:
            closest.state = "missing"
            closest.reason = translate("no run yet with {params}", params=", ".join(changes.params))
        else:
            closest.reason = str(changes)
            own_changes = changes.data or changes.code or changes.packages
            misses_upstream = any(needed.state == "missing" for needed in self.upstream(task))
            if misses_upstream and not own_changes:
                closest.state = "missing"
        closest.reason = failure or closest.reason
        return closest

    def _closest_run(self, label: str, task: Task[Any]) -> TaskStatus | None:
        """The status that follows from the earlier run which is most like the task."""
        name = task.get_task_family()
        if name not in self._runs:
            self._runs[name] = record.finished_tasks(name)
        candidates = [
            TaskStatus(label, task, "changed", before=run, changes=self.changes(task, run))
            for run in self._runs[name]
        ]
        return min(candidates, key=lambda status: status.changes.distance, default=None)

    def changes(self, task: Task[Any], run: TaskRecord) -> Changes:
        """What differs between a task and an earlier run of its class."""
        fingerprint = task_id.task_fingerprint(task)
        changes = Changes(
            params=_changed_params(redact.redact_values(own_params(task)), run.params),
            data=_changed_data(task_id.task_data(task), run.data),
            code=_changed_code(fingerprint.code, run.code),
            packages=_changed_packages(fingerprint.packages, run.packages),
        )
        for status in self.upstream(task):
            if task_id.task_key(status.task) not in run.upstream:
                changes.upstream.append(status.label)
                changes.unknown_upstream += status.keys().isdisjoint(run.upstream)
        return changes


def _describe_acceptance(run: TaskRecord) -> str:
    if not run.accepted:
        return ""
    return translate("accepted by {by} on {at:.10}: {changes}", **run.accepted)


def _changed_params(current: Mapping[str, str], previous: Mapping[str, str]) -> list[str]:
    changed = [f"{name}={text}" for name, text in current.items() if previous.get(name) != text]
    return [
        *changed,
        *(translate("no {name}", name=name) for name in previous if name not in current),
    ]


def _changed_data(current: _Texts, previous: _Texts) -> list[str]:
    changed: list[str] = []
    for name, data in current.items():
        old = previous.get(name)
        if old and old["path"] != data["path"]:
            changed.append(f"{old['path']} -> {data['path']}")
        elif old != data:
            changed.append(translate("{path} changed", path=data["path"]))
    return changed


def _changed_code(current: _Texts, previous: _Texts) -> list[str]:
    return [
        name
        for file in sorted({*current, *previous})
        for name in diff.changed_definitions(file, current.get(file, {}), previous.get(file, {}))
    ]


def _changed_packages(current: Mapping[str, str], previous: Mapping[str, str]) -> list[str]:
    changed: list[str] = []
    for name, old, new in sorted(diff.changes(previous, current)):
        if old and new:
            changed.append(f"{name} {old} -> {new}")
        else:
            text = translate("{name} is new", name=name)
            changed.append(text if new else translate("{name} gone", name=name))
    return changed


def _shortened(names: Sequence[str]) -> str:
    return and_more(names[:_MOST_NAMES], len(names) - _MOST_NAMES)


def describe(experiment: Experiment, reader: StatusReader | None = None) -> dict[str, Any]:
    """The statuses of its tasks as plain values, which JSON has, for programs: in English."""
    with english():
        described = statuses(experiment, reader)
    results = experiment.pipeline.results
    states = {status.label: status.state for status in described}
    is_complete = all(states[label] == "done" for label in results.values())
    logged = {status.label: status.before.metrics for status in described if status.before}
    metrics = MetricNames(experiment.record, logged).results() if is_complete else {}
    return {
        "experiment": experiment.record.id,
        "complete": is_complete,
        "metrics": _finite(metrics),
        "results": results,
        "tasks": [_describe_task(status) for status in described],
    }


def _describe_task(status: TaskStatus) -> dict[str, Any]:
    outputs = list(map(str, status.outputs))
    return {
        "name": status.label,
        "id": status.task.make_unique_id(),
        "state": status.state,
        "reason": status.reason,
        "seconds": status.seconds,
        "output": outputs[0] if outputs else None,
        "outputs": outputs,
    }


def _finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """The metrics; null in place of what JSON does not have."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}
