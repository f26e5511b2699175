"""The outputs of tasks as files, by an experiment and by what a person calls the task.

Knows why there is none, and the command that makes it. Runs nothing.
"""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labkart import console, project
from labkart.errors import LabkartError
from labkart.experiments.plan import Experiment
from labkart.language import mistake, translate
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


def planned_output(planned: Experiment, name: str, packages: str = "") -> TaskOutput:
    """What today's code and data compute with some settings.

    Args:
        planned: the experiment of these settings.
        name: what a person calls the task.
        packages: those of this notebook that differ from the ones that made an earlier output.

    Raises:
        LabkartError: there is no such task, or its output is missing or damaged.
    """
    label = planned.pipeline.names.label(name)
    task = planned.tasks[label]
    last = task.last_record()
    if last is None or not task.complete():
        damage = last.damage() if last and last.status == "done" else ""
        raise LabkartError(_describe_absence(label, damage, packages, _command(planned, label)))
    return TaskOutput(label, last, planned.record.id)


def _describe_absence(label: str, damage: str, packages: str, command: str) -> str:
    if damage:
        return translate(
            "{task}: {damage} since it was computed. Make it in a terminal: {command}",
            task=label,
            damage=damage,
            command=command,
        )
    if packages:
        return translate(
            "{task} has no output for this yet with the packages of this notebook ({packages}; is"
            " its kernel the project's .venv?). Make it in a terminal: {command}",
            task=label,
            packages=packages,
            command=command,
        )
    return translate(
        "{task} has no output for this yet. Make it in a terminal: {command}",
        task=label,
        command=command,
    )


def recorded_output(experiment: ExperimentRecord, name: str) -> TaskOutput:
    """What an experiment computed, whatever the code is now.

    Raises:
        LabkartError: it has no such task, or the output is missing or damaged.
    """
    label = TaskNames.of(experiment).label(name)
    run = next(run for run in experiment.tasks if run.label == label)
    record = read_task(run.name, run.id)
    problem = translate("its record is gone")
    if record:
        problem = record.error or record.output_damage()
    if record is None or problem:
        command = console.command(experiment.command.removeprefix("labkart "))
        raise mistake(
            "{task} of {id} cannot be loaded: {problem}. Make it in a terminal: {command}",
            task=label,
            id=experiment.id[:8],
            problem=problem,
            command=command,
        )
    return TaskOutput(label, record, experiment.id)


def _command(planned: Experiment, label: str) -> str:
    is_result = label in planned.pipeline.results.values()
    value = label if label.isascii() else f"'{label}'"  # Hydra takes other letters in quotes only
    until = [] if is_result else [f"task={value}"]
    return console.command(shlex.join(["run", *planned.composed.overrides, *until]))
