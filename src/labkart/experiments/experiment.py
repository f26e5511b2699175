"""Runs experiments, one or many as one graph of tasks, and keeps their records up to date.

Knows which experiment a task runs for. Prints nothing: a `ProgressListener` follows the tasks.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from labkart import signals
from labkart.experiments import build, recording
from labkart.experiments.allocation import Allocator
from labkart.experiments.build import Failure
from labkart.experiments.plan import Experiment
from labkart.experiments.progress import ProgressListener
from labkart.experiments.recording import Provenance
from labkart.experiments.supply import Supply
from labkart.experiments.task_process import ProcessPool
from labkart.fingerprint import snapshot
from labkart.records import locks
from labkart.records.record import (
    TaskRecord,
    TaskRun,
    current_time,
    read_experiment,
)
from labkart.secrets import redact
from labkart.tasks import capture
from labkart.tasks.context import context
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream


class FirstFailure(KeyboardInterrupt):
    """Stops what runs, as Ctrl-C does, because something failed and a person wants to know."""


@dataclass(frozen=True)
class Series:
    """What experiments share that run one after another, as a search's trials do.

    Attributes:
        origin: their code and machine; None for that of the moment when one begins.
        pool: the processes of their tasks; None if those of each one end with it.
    """

    origin: Provenance | None = None
    pool: ProcessPool | None = None


def run_experiments(
    experiments: Sequence[Experiment],
    workers: int,
    listener: ProgressListener,
    *,
    fail_fast: bool = False,
    series: Series | None = None,
) -> None:
    """Build what is missing of all experiments, each task once, and complete their records.

    A failed task fails the experiments that need it, and no others; with `fail_fast` it stops the
    others. Those that had begun are then `stopped`, as after Ctrl-C.

    Raises:
        LabkartError: a task asks for more than there is. Nothing has run.
        KeyboardInterrupt: the person stopped it.
    """
    pending = [experiment for experiment in experiments if experiment.missing]
    supply = _checked_supply(pending, listener)
    series = series or Series()
    execution = _Execution(experiments, listener, fail_fast, series.origin)
    with snapshot.frozen():  # the snapshot of the plan
        try:
            # Of the others all tasks are cached: only their settings are new.
            execution.end([experiment for experiment in experiments if not experiment.missing])
            results = [result for experiment in pending for result in experiment.results]
            allocator = Allocator(supply, execution.tasks)
            build.run(results, workers, allocator, execution, series.pool)
        except KeyboardInterrupt as stop:
            is_failure = isinstance(stop, FirstFailure) and fail_fast
            if is_failure:
                execution.end(execution.failed, "failed")
            execution.end(execution.running, "stopped")
            if is_failure:
                return
            raise
    execution.end(experiments)


def _checked_supply(pending: Sequence[Experiment], listener: ProgressListener) -> Supply:
    """What there is for the tasks of experiments, which must be enough for each of them."""
    supply = Supply.of(pending[0].composed.cfg) if pending else Supply()
    missing = {task.task_id: task for planned in pending for task in planned.missing_tasks}
    if text := supply.check(missing.values()):
        listener.warn(text)
    context.check_needs = supply.check  # for those that a `run()` yields
    return supply


@dataclass(frozen=True)
class _Part:
    """A task's part in one experiment."""

    experiment: Experiment
    task_run: TaskRun

    @property
    def id(self) -> str:
        return self.experiment.record.id

    @property
    def task(self) -> Task[Any]:
        return self.experiment.tasks[self.task_run.label]

    @property
    def is_missing(self) -> bool:
        return self.task_run.label in self.experiment.missing


@dataclass
class _Execution:
    """Follows a build for all its experiments.

    A task that several experiments need runs for the first of them that has begun.
    """

    experiments: Sequence[Experiment]
    listener: ProgressListener
    fail_fast: bool = False
    origin: Provenance | None = None

    def __post_init__(self) -> None:
        self._marks: dict[str, ExitStack] = {}  # of the experiments that run
        self._completed = set[str]()
        self._waiting: dict[str, set[str]] = {}  # the labels of what is missing, by experiment
        self._parts: dict[str, list[_Part]] = {}  # by luigi's id of the task
        self._displayed: dict[str, TaskRun] = {}
        for experiment in self.experiments:
            self._waiting[experiment.record.id] = set(experiment.missing)
            for task_run in experiment.record.tasks:
                part = _Part(experiment, task_run)
                self._parts.setdefault(part.task.task_id, []).append(part)
        self.listener.planned([parts[0].task_run for parts in self._parts.values()])

    @property
    def tasks(self) -> list[Task[Any]]:
        return [parts[0].task for parts in self._parts.values()]

    @property
    def running(self) -> list[Experiment]:
        return [planned for planned in self.experiments if planned.record.id in self._marks]

    @property
    def failed(self) -> list[Experiment]:
        """The experiments that run and in which a task has failed."""
        return [
            experiment
            for experiment in self.running
            if any(task_run.state == "failed" for task_run in experiment.record.tasks)
        ]

    def started(self, task_id: str) -> None:
        parts = [part for part in self._parts.get(task_id, ()) if part.is_missing]
        if not parts:  # a `run()` yielded it
            return
        running = [part for part in parts if part.id in self._marks]
        part = running[0] if running else parts[0]
        if not running:
            self._begin(part.experiment)
        if task_id not in self._displayed:  # luigi may set a task aside, and start it again
            self._displayed[task_id] = part.task_run
            self.listener.started(part.task_run)

    def may_run_again(self, task_id: str, failure: Failure) -> bool:
        parts = self._parts.get(task_id, [])
        for part in parts[:1]:
            record = part.task.last_record()
            if record and record.status in ("pruned", "stopped"):
                return False
            self.listener.failed(part.task_run, _describe(failure, record))
        return True

    def ended(self, task_id: str, failure: Failure | None) -> None:
        parts = self._parts.get(task_id, [])
        for part in parts:
            _complete_task_run(part, failure)
            self._stop_waiting(part)
        if displayed := self._displayed.pop(task_id, None):
            self.listener.ended(displayed)
        for part in parts:
            if not self._waiting[part.id]:
                self.end([part.experiment])
        if self.fail_fast and any(part.task_run.state == "failed" for part in parts):
            raise FirstFailure

    def warn(self, text: str) -> None:
        self.listener.warn(text)

    def beat(self) -> None:
        signals.raise_pending()
        self.listener.beat()

    def end(self, experiments: Sequence[Experiment], status: str = "") -> None:
        """Complete the experiments' records, once; without a status their tasks say how."""
        for experiment in experiments:
            if experiment.record.id not in self._completed:
                with signals.deferred():  # else a record may say for ever that it runs
                    self._completed.add(experiment.record.id)
                    self._end(experiment, status)

    def _stop_waiting(self, part: _Part) -> None:
        """Stop waiting for a task, and, if it failed, for those that need it."""
        waiting = self._waiting[part.id]
        waiting.discard(part.task_run.label)
        if part.task_run.state == "ran":
            return
        lost = {part.task.make_unique_id()}
        for label, task in part.experiment.tasks.items():
            if any(needed.make_unique_id() in lost for needed in upstream(task)):
                lost.add(task.make_unique_id())
                waiting.discard(label)

    def _begin(self, experiment: Experiment) -> None:
        """Mark an experiment as running, also in its record."""
        record = experiment.record
        mark = ExitStack()
        is_alone = mark.enter_context(locks.mark_running(record.id))
        self._marks[record.id] = mark
        started = _shared_start(experiment, is_alone) or current_time()
        self.origin = self.origin or Provenance.current()
        capture.start(recording.begin_record(experiment, started, self.origin))

    def _end(self, experiment: Experiment, status: str) -> None:
        record = experiment.record
        if record.id not in self._marks:
            self._begin(experiment)
        if not status:
            self._adopt_results(experiment)
        recording.complete_record(experiment, status or _final_status(experiment))
        self._marks.pop(record.id).close()

    def _adopt_results(self, experiment: Experiment) -> None:
        """Take the results that another process has computed since the experiment was planned."""
        for task_run in experiment.record.tasks:
            task = experiment.tasks[task_run.label]
            if task_run.state == "not run" and task.complete():
                task_run.state = "cached"
                if self._parts[task.task_id][0].task_run is task_run:
                    self.listener.started(task_run)
                    self.listener.ended(task_run)


def _complete_task_run(part: _Part, failure: Failure | None) -> None:
    """Note how a task ended; if it has no record, luigi knows why."""
    task_run, record = part.task_run, part.task.last_record()
    task_run.seconds = record.wall_seconds if record else 0.0
    if failure is None:
        task_run.state = "ran"
        return
    is_pruned = record is not None and record.status == "pruned"
    task_run.state = "pruned" if is_pruned else "failed"
    task_run.error = _describe(failure, record)


def _describe(failure: Failure, record: TaskRecord | None) -> str:
    """The error of a task's run, with the number of its tries if it has several."""
    error = record.error if record and record.error else redact.redact_text(failure.error)
    return f"{error} ({failure.count})" if failure.count else error


def _final_status(experiment: Experiment) -> str:
    """The status of an experiment that ended by itself."""
    if all(result.complete() for result in experiment.results):
        return "finished"
    states = {task_run.state for task_run in experiment.record.tasks}
    return "pruned" if "pruned" in states and "failed" not in states else "failed"


def _shared_start(experiment: Experiment, is_alone: bool) -> str | None:
    """When another process began this experiment, if it runs there or has run since the plan.

    The two then share a run in MLflow.
    """
    latest = read_experiment(experiment.record.id)
    if latest is None:
        return None
    runs = latest.status == "running" and not is_alone
    has_run = latest.status == "finished" and latest.ended != experiment.ended
    return latest.started if runs or has_run else None
