"""What the tasks of an experiment printed, now or while they run. Prints nothing itself."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkart.records import locks, task_log
from labkart.records.names import TaskNames
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment, read_task
from labkart.records.values import timestamp

_PAUSE = 0.3  # seconds between two looks


@dataclass(frozen=True)
class TaskLog:
    """The log of a task of an experiment."""

    experiment: ExperimentRecord
    task_run: TaskRun

    @property
    def label(self) -> str:
        """The name of the task in the pipeline."""
        return self.task_run.label

    @property
    def path(self) -> Path | None:
        """The file; None if the task has printed nothing."""
        return task_log.find(self.experiment, self.task_run)

    def text(self) -> str:
        """What was printed, and how the task failed, if it did."""
        text = self.path.read_text(encoding="utf-8", errors="replace") if self.path else ""
        return f"{text.rstrip()}\n{self.failure()}".lstrip("\n")

    def failure(self) -> str:
        """The traceback of the task's last run; empty if it did not fail."""
        last = read_task(self.task_run.name, self.task_run.id)
        if not last or last.status != "failed" or self.task_run.state == "not run":
            return ""
        return (last.traceback or f"{last.error}").rstrip() + "\n"

    def has_ended(self) -> bool:
        """Whether the task has run since the experiment began."""
        last = read_task(self.task_run.name, self.task_run.id)
        return bool(last and timestamp(last.started) >= timestamp(self.experiment.started))


def logs_of(experiment: ExperimentRecord, name: str) -> list[TaskLog]:
    """The logs of an experiment's tasks, or of those of a name.

    Raises:
        LabkartError: there is no such task.
    """
    labels = TaskNames.of(experiment).labels(name) if name else None
    return [
        TaskLog(experiment, run)
        for run in experiment.tasks
        if labels is None or run.label in labels
    ]


def is_running(experiment: ExperimentRecord) -> bool:
    """Whether a process works on an experiment."""
    current = read_experiment(experiment.id)
    return bool(current and current.status == "running" and locks.is_marked(experiment.id))


def follow(logs: Sequence[TaskLog]) -> Iterator[tuple[TaskLog, str]]:
    """What the tasks of an experiment that runs print, until all of them have ended.

    Yields:
        A log, and the lines that came.
    """
    waiting = [log for log in logs if log.task_run.state != "cached"]
    readers = {log.label: task_log.LogReader() for log in waiting}
    while waiting:
        goes_on = is_running(waiting[0].experiment)
        for log in list(waiting):
            has_ended = not goes_on or log.has_ended()
            path = log.path
            text = readers[log.label].read(path, to_end=has_ended) if path else ""
            if has_ended:
                waiting.remove(log)
                text += TaskLog(log.experiment, _latest(log)).failure()
            if text:
                yield log, text
        time.sleep(_PAUSE if waiting else 0)


def _latest(log: TaskLog) -> TaskRun:
    """The task's part in the experiment as its record is now; it may say that it never ran."""
    current = read_experiment(log.experiment.id) or log.experiment
    return next(run for run in current.tasks if run.label == log.label)
