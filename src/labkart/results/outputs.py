"""The outputs of tasks as files, by an experiment and by what a person calls the task.

Knows why there is none, and the command that makes it. Runs nothing.
"""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labkart import console, digests, project
from labkart.errors import LabkartError
from labkart.experiments.plan import Experiment
from labkart.records.names import TaskNames
from labkart.records.record import (
    ExperimentRecord,
    TaskRecord,
    read_experiment,
    read_experiments,
    read_task,
)


@dataclass(frozen=True)
class TaskOutput:
    """What a task wrote.

    Attributes:
        label: the name of the task in the pipeline.
        record: that of the task's run.
        experiment_id: that of the experiment in which a person looks for it.
    """

    label: str
    record: TaskRecord
    experiment_id: str

    @property
    def files(self) -> list[Path]:
        """Its files in the cache, in the order in which the task declares them."""
        return [project.current().outputs / state.path for state in self.record.outputs]

    @cached_property
    def experiment(self) -> ExperimentRecord | None:
        """The record of its experiment; if that never ran, of the newest one with this task."""
        own = read_experiment(self.experiment_id)
        candidates = [own] if own and self._is_part_of(own) else read_experiments()
        return next(filter(self._is_part_of, candidates), None)

    def _is_part_of(self, experiment: ExperimentRecord) -> bool:
        key = (self.record.name, self.record.id)
        return any((run.name, run.id) == key for run in experiment.tasks)


def planned_output(planned: Experiment, name: str, hint: str = "") -> TaskOutput:
    """What today's code and data compute with some settings.

    Args:
        planned: the experiment of these settings.
        name: what a person calls the task.
        hint: what else may be wrong if there is no output yet.

    Raises:
        LabkartError: there is no such task, or its output is missing or damaged.
    """
    label = planned.pipeline.names.label(name)
    task = planned.tasks[label]
    last = task.last_record()
    if last is None or not task.complete():
        damage = last.damage() if last and last.status == "done" else ""
        problem = damage and f": {damage} since it was computed"
        problem = problem or f" has no output for this yet{hint}"
        raise LabkartError(f"{label}{problem}. Make it in a terminal: {_command(planned, label)}")
    return TaskOutput(label, last, planned.record.id)


def recorded_output(experiment: ExperimentRecord, name: str) -> TaskOutput:
    """What an experiment computed, whatever the code is now.

    Raises:
        LabkartError: it has no such task, or the output is missing or damaged.
    """
    label = TaskNames.of(experiment).label(name)
    run = next(run for run in experiment.tasks if run.label == label)
    record = read_task(run.name, run.id)
    problem = "its record is gone" if record is None else record.error or _damage(record)
    if record is None or problem:
        command = console.command(experiment.command.removeprefix("labkart "))
        raise LabkartError(
            f"{label} of {experiment.id[:8]} cannot be loaded: {problem}. "
            f"Make it in a terminal: {command}"
        )
    return TaskOutput(label, record, experiment.id)


def _damage(record: TaskRecord) -> str:
    """The first output that is not as the task wrote it; empty if there is none."""
    current = project.current()
    for state in record.outputs:
        if not digests.unchanged(state, current.outputs):
            path = current.outputs / state.path
            return f"{current.short(path)} {'changed' if path.exists() else 'is gone'}"
    return "" if record.outputs else "its record names no output"


def _command(planned: Experiment, label: str) -> str:
    """The command that computes a task."""
    is_result = label in planned.pipeline.results.values()
    value = label if label.isascii() else f"'{label}'"  # Hydra takes other letters in quotes only
    until = [] if is_result else [f"task={value}"]
    return console.command(shlex.join(["run", *planned.composed.overrides, *until]))
