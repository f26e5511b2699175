"""How the tasks of an experiment stand: done, missing or changed; why, and what it will cost. Runs nothing."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart.experiments.plan import Experiment
from labkart.fingerprint import snapshot
from labkart.records import diff, record, redact
from labkart.records.record import TaskRecord
from labkart.tasks.task import Task
from labkart.tasks.task_id import output_paths, own_params, task_key, upstream

Above = Mapping[str, "TaskStatus"]


@dataclass
class Changes:
    """What differs between a task and an earlier run of its class, each in words.

    `strangers` counts the upstream tasks of which not even an earlier run was upstream of that one.
    """

    params: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    upstream: list[str] = field(default_factory=list)
    strangers: int = 0

    @property
    def distance(self) -> tuple[int, ...]:
        """How far apart they are; parameters and upstream tasks tell configurations apart, so they come first."""
        return len(self.params), self.strangers, len(self.data), len(self.code), len(self.packages)

    def __str__(self) -> str:
        upstream = [f"upstream {_listed(self.upstream)}"] if self.upstream else []
        return ", ".join(
            [*filter(None, map(_listed, (self.data, self.code, self.packages))), *upstream]
        )


@dataclass
class TaskStatus:
    """How a task stands.

    Attributes:
        state: `done`; `changed` where it ran before and something but its parameters is different now; else `missing`.
        reason: why it is not done, in words; of a task that is done, who accepted that.
        before: the record that it has, or else that of the run that is most like it.
        changes: how it differs from that one.
    """

    label: str
    task: Task[Any]
    state: str
    reason: str = ""
    before: TaskRecord | None = None
    changes: Changes = field(default_factory=Changes)

    @property
    def seconds(self) -> float | None:
        """How long its last run took; nothing where no run of its kind is known."""
        return self.before.wall_seconds if self.before else None

    @property
    def outputs(self) -> list[Path]:
        """Where its outputs are, or will be."""
        return output_paths(self.task)

    def keys(self) -> set[str]:
        """The names under which runs may know it: its own, and those of the runs that it takes the place of."""
        keys = {task_key(self.task)}
        if self.before:
            keys.add(self.before.key)
            keys |= (
                {f"{self.before.name}_{self.before.accepted['from']}"}
                if self.before.accepted
                else set()
            )
        return keys


def statuses(experiment: Experiment) -> list[TaskStatus]:
    """The tasks of an experiment as they stand, upstream tasks first."""
    standings: dict[str, TaskStatus] = {}
    runs: dict[str, list[TaskRecord]] = {}
    with snapshot.frozen():
        for label, task in experiment.tasks.items():
            standing = task_status(label, task, standings, runs)
            if standing.state != "done" and label not in experiment.missing:
                standing.state, standing.reason = (
                    "done",
                    f"{standing.reason}, and nothing needs it now",
                )
            standings[task_key(task)] = standing
    return list(standings.values())


def task_status(
    label: str, task: Task[Any], above: Above, runs: dict[str, list[TaskRecord]]
) -> TaskStatus:
    """How one task stands, given its upstream tasks' standings and the finished runs that were read so far."""
    own = task.last_record()
    if own and task.complete():
        said = (
            "accepted by {by} on {at:.10}: {changes}".format(**own.accepted) if own.accepted else ""
        )
        return TaskStatus(label, task, "done", said, own)
    if own and own.status == "done":
        return TaskStatus(label, task, "changed", own.damage(), own)
    failed = f"{own.status}: {own.error}" if own else ""
    name = task.get_task_family()
    if name not in runs:
        runs[name] = record.finished_tasks(name)
    candidates = [
        TaskStatus(label, task, "changed", "", each, changes(task, each, above))
        for each in runs[name]
    ]
    if not candidates:
        return TaskStatus(label, task, "missing", failed or "no run yet")
    best = min(candidates, key=lambda each: each.changes.distance)
    if best.changes.params:
        best.state, best.reason = "missing", f"no run yet with {', '.join(best.changes.params)}"
    else:
        best.reason = str(best.changes)
        if sum(best.changes.distance[2:]) == 0 and any(
            each.state == "missing" for each in _upstream(task, above)
        ):
            best.state = "missing"
    best.reason = failed or best.reason
    return best


def changes(task: Task[Any], before: TaskRecord, above: Above) -> Changes:
    """What differs between a task and an earlier run of its class."""
    found, params, reached = Changes(), redact.redact_values(own_params(task)), task._fingerprint
    found.params = [
        f"{name}={text}" for name, text in params.items() if before.params.get(name) != text
    ]
    found.params += [f"no {name}" for name in before.params if name not in params]
    found.data = [
        _datum(now, before.data.get(name))
        for name, now in task._data.items()
        if now != before.data.get(name)
    ]
    for file in sorted({*reached.code, *before.code}):
        found.code += diff.changed_definitions(
            file, reached.code.get(file, {}), before.code.get(file, {})
        )
    for name, then, now in sorted(diff.changes(before.packages, reached.packages)):
        found.packages.append(
            f"{name} {then} -> {now}" if then and now else f"{name} {'is new' if now else 'gone'}"
        )
    for each in _upstream(task, above):
        if task_key(each.task) not in before.upstream:
            found.upstream.append(each.label)
            found.strangers += each.keys().isdisjoint(before.upstream)
    return found


def _upstream(task: Task[Any], above: Above) -> list[TaskStatus]:
    return [above[task_key(each)] for each in upstream(task)]


def _listed(words: list[str]) -> str:
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def _datum(now: dict[str, str], then: dict[str, str] | None) -> str:
    if then and then["path"] != now["path"]:
        return f"{then['path']} -> {now['path']}"
    return f"{now['path']} changed"


def as_json(experiment: Experiment, standings: Sequence[TaskStatus]) -> str:
    """The same for programs."""
    result = standings[-1]
    metrics = (
        {metric.name: metric.value for metric in result.before.metrics} if result.before else {}
    )
    metrics = {
        name: value if math.isfinite(value) else None for name, value in metrics.items()
    }  # JSON has no NaN
    tasks = [
        {
            "name": each.label,
            "id": each.task.make_unique_id(),
            "state": each.state,
            "reason": each.reason,
            "seconds": each.seconds,
            "output": str(each.outputs[0]) if each.outputs else None,
            "outputs": list(map(str, each.outputs)),
        }
        for each in standings
    ]
    complete = result.state == "done"
    found = {
        "experiment": experiment.record.id,
        "complete": complete,
        "metrics": metrics if complete else {},
    }
    return json.dumps({**found, "tasks": tasks}, ensure_ascii=False, indent=1)
