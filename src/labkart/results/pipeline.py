"""A pipeline before it runs, as steps with states and times; also as a Mermaid text and a drawing.

A large pipeline becomes one step per class. Prints nothing: see `cli/graph.py`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from labkart.experiments.plan import Experiment
from labkart.experiments.status import TaskStatus
from labkart.language import local, translate
from labkart.records.record import TaskRecord, TaskRun
from labkart.records.states import describe_state
from labkart.tasks.task_id import task_key, upstream
from labkart.tracking import pipeline_svg

# Beyond these nobody can follow a branch.
_MOST_TASKS = 60
_DEEPEST = 12
_BY_URGENCY = ("done", "missing", "changed")


@dataclass(frozen=True)
class Step:
    """A task, or all tasks of a class.

    Attributes:
        label: its name.
        state: `done`, `missing` or `changed`; of several tasks the most urgent one.
        summary: the state in words; of several tasks how many have which.
        seconds: how long it took; if it is not done, how long it may take.
        upstream: the labels of the steps it depends on.
    """

    label: str
    state: str
    summary: str
    seconds: float | None
    upstream: list[str]

    @property
    def time(self) -> str:
        """The seconds in words; empty if unknown."""
        if self.seconds is None:
            return ""
        duration = pipeline_svg.duration(self.seconds)
        return local(duration) if self.state == "done" else translate("about {time}", time=duration)


def pipeline_steps(statuses: Sequence[TaskStatus]) -> list[Step]:
    """The tasks, upstream first; of a pipeline that is large or deep, the classes."""
    labels = {task_key(status.task): status.label for status in statuses}
    depths: dict[str, int] = {}
    steps: list[Step] = []
    for status in statuses:
        above = list(dict.fromkeys(labels[task_key(task)] for task in upstream(status.task)))
        depths[status.label] = 1 + max((depths[label] for label in above), default=0)
        state = status.state
        steps.append(Step(status.label, state, describe_state(state), status.seconds, above))
    if len(steps) <= _MOST_TASKS and max(depths.values()) <= _DEEPEST:
        return steps
    classes = {status.label: status.task.get_task_family() for status in statuses}
    return group_by_class(steps, classes)


def group_by_class(steps: Sequence[Step], classes: Mapping[str, str]) -> list[Step]:
    """Make one step of all tasks of a class; the class of the result stays last.

    Args:
        steps: the tasks, the result last.
        classes: the class of each task, by its label.
    """
    members: dict[str, list[Step]] = {}
    for step in steps:
        members.setdefault(classes[step.label], []).append(step)
    result = classes[steps[-1].label]
    members[result] = members.pop(result)
    labels = {
        name: f"{name} ({len(group):,})" if len(group) > 1 else name
        for name, group in members.items()
    }
    grouped = []
    for name, group in members.items():
        above = dict.fromkeys(classes[label] for step in group for label in step.upstream)
        above.pop(name, None)
        grouped.append(_merge(labels[name], group, [labels[other] for other in above]))
    return grouped


def _merge(label: str, steps: Sequence[Step], upstream: list[str]) -> Step:
    if len(steps) == 1:
        return replace(steps[0], label=label, upstream=upstream)
    counts = Counter(step.state for step in steps)
    states = [state for state in _BY_URGENCY if counts[state]]
    summary = ", ".join(f"{counts[state]:,} {describe_state(state)}" for state in states)
    # Done steps cost nothing any more, so the time is that of the others.
    pending = [step for step in steps if step.state != "done"] or steps
    times = [step.seconds for step in pending if step.seconds is not None]
    return Step(label, states[-1], summary, sum(times) if times else None, upstream)


def mermaid(steps: Sequence[Step]) -> str:
    """The steps as a flowchart that GitHub and many editors draw."""
    nodes = {step.label: f"t{index}" for index, step in enumerate(steps)}
    lines = ["flowchart LR"]
    for step in steps:
        text = " · ".join(filter(None, [step.summary, step.time]))
        lines.append(f'    {nodes[step.label]}["{step.label}<br/>{text}"]:::{step.state}')
    for step in steps:
        lines += [f"    {nodes[label]} --> {nodes[step.label]}" for label in step.upstream]
    for state in dict.fromkeys(step.state for step in steps):
        fill, stroke = pipeline_svg.COLOURS[state]
        lines.append(f"    classDef {state} fill:{fill},stroke:{stroke},color:{stroke}")
    return "\n".join(lines)


def svg(experiment: Experiment, statuses: Sequence[TaskStatus]) -> str:
    """The pipeline as the drawing that an experiment gets after it ran."""
    tasks = list[TaskRun]()
    finished = list[tuple[TaskRun, TaskRecord]]()
    above: dict[str, list[str]] = {}
    for status in statuses:
        key = task_key(status.task)
        name, _, id = key.rpartition("_")
        task = TaskRun(status.label, name, id, status.state, status.seconds or 0.0)
        tasks.append(task)
        above[key] = [task_key(other) for other in upstream(status.task)]
        if status.state == "done" and status.before and status.before.key == key:
            finished.append((task, status.before))
    return pipeline_svg.svg(replace(experiment.record, tasks=tasks), finished, above)
