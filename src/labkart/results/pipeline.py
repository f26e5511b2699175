"""A pipeline as it stands, before it runs: a tree for the terminal, a Mermaid text, and what the drawing needs."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labkart import console, project
from labkart.errors import LabkartError
from labkart.experiments.plan import Experiment
from labkart.experiments.status import TaskStatus, statuses
from labkart.files import write_atomically
from labkart.records.record import TaskRun
from labkart.table import Column
from labkart.tasks.task_id import task_key, upstream
from labkart.tracking import pipeline_svg

_MOST_TASKS, _DEEPEST = 60, 12  # beyond these nobody can follow a branch: a line a class then
_STYLES = {"done": "dim", "missing": "yellow", "changed": "red"}  # the most urgent state last
_DRAWING = "reports/graph.svg"


@dataclass
class Step:
    """A task, or all tasks of a class, with the labels of the steps that it builds on."""

    label: str
    state: str
    said: str
    seconds: float | None
    upstream: list[str]

    @property
    def time(self) -> str:
        """How long it took; of what is not done, how long it may take."""
        if self.seconds is None:
            return ""
        return (
            pipeline_svg.duration(self.seconds)
            if self.state == "done"
            else f"about {pipeline_svg.duration(self.seconds)}"
        )


def show(words: Sequence[str], plan: Callable[[list[str]], Experiment]) -> int:
    """The verb `graph`; `plan` makes the experiment of the words that are left."""
    given, file = _file(words)
    planned = plan([word for word in given if word != "--mermaid"])
    standings = statuses(planned)
    if file:
        write_atomically(file, svg(planned, standings).encode())
        console.say(f"  {project.current().short(file)}")
    elif "--mermaid" in given:
        console.write_raw(mermaid(pipeline_steps(standings)))
    else:
        _show(pipeline_steps(standings))
    return 0


def pipeline_steps(standings: Sequence[TaskStatus]) -> list[Step]:
    """The tasks, upstream first; of a large pipeline, or of one with long branches, the classes."""
    labels = {task_key(each.task): each.label for each in standings}
    depth = dict.fromkeys(labels.values(), 0)
    found: list[Step] = []
    for each in standings:
        above = list(dict.fromkeys(labels[task_key(task)] for task in upstream(each.task)))
        depth[each.label] = 1 + max((depth[label] for label in above), default=0)
        found.append(Step(each.label, each.state, each.state, each.seconds, above))
    if len(found) <= _MOST_TASKS and max(depth.values()) <= _DEEPEST:
        return found
    return _by_class(found, {each.label: each.task.get_task_family() for each in standings})


def mermaid(steps: Sequence[Step]) -> str:
    """The steps as a flowchart that GitHub and many editors draw."""
    number = {each.label: f"t{count}" for count, each in enumerate(steps)}
    lines = ["flowchart LR"]
    for each in steps:
        about = " · ".join(filter(None, [each.said, each.time]))
        lines.append(f'    {number[each.label]}["{each.label}<br/>{about}"]:::{each.state}')
    lines += [
        f"    {number[label]} --> {number[each.label]}" for each in steps for label in each.upstream
    ]
    for state in dict.fromkeys(each.state for each in steps):
        fill, frame = pipeline_svg.COLOURS[state]
        lines.append(f"    classDef {state} fill:{fill},stroke:{frame},color:{frame}")
    return "\n".join(lines)


def svg(experiment: Experiment, standings: Sequence[TaskStatus]) -> str:
    """The same as the drawing of an experiment that ran."""
    uses, known, above = list[TaskRun](), [], dict[str, list[str]]()
    for each in standings:
        name, _, id = task_key(each.task).rpartition("_")
        use = TaskRun(each.label, name, id, each.state, each.seconds or 0.0)
        uses.append(use)
        above[task_key(each.task)] = [task_key(task) for task in upstream(each.task)]
        if each.state == "done" and each.before and each.before.key == task_key(each.task):
            known.append((use, each.before))
    return pipeline_svg.svg(replace(experiment.record, tasks=uses), known, above)


def _by_class(steps: Sequence[Step], classes: dict[str, str]) -> list[Step]:
    together: dict[str, list[Step]] = {}
    for each in steps:
        together.setdefault(classes[each.label], []).append(each)
    result = classes[steps[-1].label]
    together[result] = together.pop(result)  # stays the last one
    found: list[Step] = []
    for name, members in together.items():
        states = Counter(each.state for each in members)
        said = ", ".join(f"{states[state]:,} {state}" for state in _STYLES if states[state])
        said = said if len(members) > 1 else members[0].said
        worst = [state for state in _STYLES if states[state]][-1]
        # What is done costs nothing any more, so that the time is of the rest.
        counted = [each for each in members if worst == "done" or each.state != "done"]
        took = [each.seconds for each in counted if each.seconds is not None]
        above = dict.fromkeys(classes[label] for each in members for label in each.upstream)
        label = f"{name} ({len(members):,})" if len(members) > 1 else name
        found.append(
            Step(
                label,
                worst,
                said,
                sum(took) if took else None,
                [each for each in above if each != name],
            )
        )
    labels = {name: each.label for name, each in zip(together, found, strict=True)}
    return [replace(each, upstream=[labels[name] for name in each.upstream]) for each in found]


def _show(steps: Sequence[Step]) -> None:
    """The result at the top, and below each step what it builds on; what was shown already is only named."""
    by_label, shown = {each.label: each for each in steps}, set[str]()
    branches, states, times, styles = list[str](), list[str](), list[str](), list[str]()
    waiting = [(steps[-1].label, "", "")]
    while waiting:
        label, before, ahead = waiting.pop()
        step, again = by_label[label], label in shown
        branches.append(f"{before}{label}")
        states.append("above" if again else step.said)
        times.append("" if again else step.time)
        styles.append("dim" if again else _STYLES[step.state])
        if again:
            continue
        shown.add(label)
        for place, each in enumerate(reversed(step.upstream)):
            waiting.append(
                (
                    each,
                    f"{ahead}{'├── ' if place else '└── '}",
                    f"{ahead}{'│   ' if place else '    '}",
                )
            )
    columns = [Column("", branches), Column("", states), Column("", times)]
    console.show_table(columns, styles)


def _file(words: Sequence[str]) -> tuple[list[str], Path | None]:
    """The words without `--svg FILE`, and the file; alone, `--svg` writes into reports/."""
    left, rest = list[str](), list(words)
    file: Path | None = None
    while rest:
        word, _, told = rest[0].partition("=")
        if word != "--svg":
            left.append(rest.pop(0))
            continue
        del rest[0]
        if not told and rest and "=" not in rest[0] and rest[0][:1] not in ("", "-", "~"):
            told = rest.pop(0)
        if told and Path(told).suffix != ".svg":
            raise LabkartError(f"--svg {told}: wants a file that ends with .svg.")
        file = project.STARTED / told if told else project.current().root / _DRAWING
    return left, file
