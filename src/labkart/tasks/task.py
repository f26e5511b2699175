"""`Task`, the base class: its lock, its seed, its run, the commit of its output.

Knows nothing of experiments. For what its id is made of see `task_id`.
"""

import inspect
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import Timeout

from labkart import digests, project
from labkart.fingerprint import snapshot
from labkart.language import mistake, translate
from labkart.records import live_metrics, locks, machine_use, record
from labkart.records.record import Metric, TaskRecord
from labkart.secrets import redact
from labkart.tasks import attributes, capture, mlflow_calls, named_paths, task_id
from labkart.tasks.attempt import (
    Attempt,
    describe_end,
    inherited_reads,
    pass_on,
    seed_everything,
)
from labkart.tasks.context import context
from labkart.tasks.debugger import debugged
from labkart.tasks.file_access import UndeclaredReads, report_undeclared
from labkart.tasks.infrastructure import set_infrastructure
from labkart.tasks.logging import TaskLogger
from labkart.tasks.parameter_kinds import note_frozen_values
from labkart.tasks.params import own_params
from labkart.tasks.resources import Resources
from labkart.tasks.targets import TaskWithOutputs
from labkart.tasks.task_id import task_key, upstream

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Task(TaskLogger, TaskWithOutputs[T]):
    """One computation of a pipeline; its output, a `T`, is kept until something it needs changes.

    Declare the parameters as luigi's, write `run()` with gokart's `self.load` and `self.dump`, and
    log what should be found again with `self.log_metric`, `self.log_figure`, `self.log_table`, ...

    Randomness: `random`, NumPy and PyTorch (if they are imported) are seeded right before `run()`
    with the task's own parameter `seed`, or with 0 if it has none.

    Attributes:
        retry_count: how often a failing task is tried in all; None means once.
        worker_timeout: seconds after which a run is ended; None means no limit.
        distributed: whether all processes of a cluster's job run it: `labkart docs gpu`.
    """

    # luigi's own; it declares them in a way that type checkers do not let a subclass change.
    retry_count: Any = None
    worker_timeout: Any = None
    distributed: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clear_log()
        self._dynamic_upstream: list[Task[Any]] = []
        self._last_record: TaskRecord | None = None
        self._last_stamp: digests.Stamp | None = None  # of the file that it was read from

    def _wrap_methods(self) -> None:
        super()._wrap_methods()
        vars(self).pop("run", None)
        self._student_run: Callable[[], Any] = self.run
        is_generator = inspect.isgeneratorfunction(self.run)
        vars(self)["run"] = self._run_generator if is_generator else self._run

    def last_record(self) -> TaskRecord | None:
        """The record of the last run of this very task; None if it never ran."""
        stamp = digests.stamp(self._folder() / "record.json")
        if stamp != self._last_stamp:
            name, id = self.get_task_family(), self.make_unique_id()
            self._last_record = record.read_task(name, id) if stamp else None
            self._last_stamp = stamp
        return self._last_record

    def complete(self) -> bool:
        """Whether a run was committed and its output still has the content it had then."""
        snapshot.refresh()
        attributes.check(self)
        last = self.last_record()
        if last is None or last.id != self.make_unique_id():
            return False
        return last.status == "done" and not describe_damage(self, last)

    @property
    def checkpoint_dir(self) -> Path:
        """A folder in which a long `run()` keeps what it needs to go on after an interruption.

        It belongs to the task's id, outlives a failed or stopped run, and is removed when the task
        is complete. It is made when it is first read.
        """
        folder = record.checkpoint_folder(task_key(self))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _folder(self) -> Path:
        return task_id.task_folder(self)

    def _own_params(self) -> dict[str, str]:
        return own_params(self)

    def on_failure(self, exception: BaseException) -> str:
        """luigi's: what its scheduler hears of a failed run, also if no record can be written."""
        return describe_end(exception)

    def _run(self) -> None:
        with self._locked():
            if not self.complete():
                with self._committed():
                    self._student_run()

    def _run_generator(self) -> Iterator[Any]:
        with self._locked():
            if not self.complete():
                with self._committed():
                    self._dynamic_upstream = []
                    yield from pass_on(self._student_run(), self._dynamic_upstream)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let no other process run this task, and no edit change its id, while the block runs."""
        snapshot.refresh()
        with snapshot.frozen(), locks.locked(task_key(self)):
            yield

    @contextmanager
    def _committed(self) -> Iterator[None]:
        """Seed, measure the block and commit it: the record is written last."""
        self._warn_of_damage()
        earlier = self._interrupted_metrics()
        shutil.rmtree(self._folder(), ignore_errors=True)
        self._clear_log(earlier)
        attempt = Attempt(record.current_time())
        before = attributes.read(self)
        try:
            with self._observed(attempt), debugged():
                yield
        except GeneratorExit:  # luigi sets a generator aside until the tasks it yielded are done
            raise
        except BaseException as error:
            note_frozen_values(self, error)
            attempt.fail(error)
            with suppress(OSError):  # on a full disk the failure itself is the news
                self._write_record(attempt)
            raise
        finally:
            attributes.note(self, before)
        self._write_record(attempt)
        shutil.rmtree(record.checkpoint_folder(task_key(self)), ignore_errors=True)

    @contextmanager
    def _observed(self, attempt: Attempt) -> Iterator[None]:
        """Watch the block's costs, reads and outputs; refuse what the id does not cover."""
        name = self.get_task_family()
        root = project.current().root
        declared = [root / data["path"] for data in self._data.values()]
        code = map(Path, self._fingerprint.files_that_count("whole"))
        reads = UndeclaredReads([*declared, *code])
        named_paths.report(self)
        named = named_paths.states(self)
        with (
            chdir("."),  # the next task of this process begins where this one did
            mlflow_calls.recorded(self._folder()) as attempt.metrics,
            self._printing_kept(attempt),
            attempt.resources.measured(),
            reads.collected(),
        ):
            seed_everything(self._seed())
            if self.distributed:
                context.call_ranks(task_key(self))
            yield
        attempt.outputs = task_id.output_states(self)
        reads.add(self._fingerprint.late_reads())
        attempt.undeclared = reads.states(name)
        attempt.library_data = reads.library_data.digests()
        # Of what appeared meanwhile the state after the run counts, of all else that before it.
        named = {**named_paths.states(self), **named}
        attempt.undeclared += [state for path, state in named.items() if not reads.wrote(path)]
        if other := named_paths.without(reads.to_declare(), named):
            report_undeclared(name, own_params(self), other)
        self._check_that_nothing_changed()

    @contextmanager
    def _printing_kept(self, attempt: Attempt) -> Iterator[None]:
        """Keep the block's log, and what it used of the machine over time."""
        try:
            with capture.captured(self._folder()):
                yield
        finally:
            if attempt.resources.wall_seconds >= machine_use.SHORTEST:
                attempt.resources.machine_use = machine_use.summary(self._folder())

    def _interrupted_metrics(self) -> list[Metric]:
        """What a run logged that was interrupted, if this one may go on from its checkpoint."""
        if not record.checkpoint_folder(task_key(self)).exists():
            return []
        return self._logged_metrics()

    def _logged_metrics(self) -> list[Metric]:
        """What the last run logged, also if its process died."""
        name, id = self.get_task_family(), self.make_unique_id()
        last = self.last_record()
        return last.metrics if last else live_metrics.read_metrics(name, id)[0]

    def _warn_of_damage(self) -> None:
        last = self.last_record()
        if last and (damage := describe_damage(self, last)):
            task = self.get_task_family()
            text = translate("{task}: {damage}; computing it again.", task=task, damage=damage)
            _log.warning(text)

    def _check_that_nothing_changed(self) -> None:
        """Refuse a run if data or code changed meanwhile: its id would not cover them."""
        name = self.get_task_family()
        for param, data in task_id.current_data(self).items():
            if data != self._data[param]:
                raise mistake(
                    "{path} changed while {task} ran. Run it again.", path=data["path"], task=name
                )
        if file := self._fingerprint.other_file():
            path = project.current().short(Path(file))
            raise mistake(
                "{path} changed after this run was planned, and {task} imported it only then."
                " Run it again.",
                path=path,
                task=name,
            )

    def _seed(self) -> int:
        seed = getattr(self, "seed", 0)
        return seed if isinstance(seed, int) else 0

    def _write_record(self, attempt: Attempt) -> None:
        inherited = inherited_reads(upstream(self), self._dynamic_upstream)
        undeclared = {state.path: state for state in [*attempt.undeclared, *inherited]}
        written = TaskRecord(
            id=self.make_unique_id(),
            name=self.get_task_family(),
            status=attempt.status,
            params=redact.redact_values(own_params(self)),
            upstream=[task_key(task) for task in upstream(self)],
            dynamic_upstream=[task_key(task) for task in self._dynamic_upstream],
            code=self._fingerprint.code,
            packages=self._fingerprint.packages,
            data=self._data,
            seed=self._seed(),
            started=attempt.started,
            **vars(attempt.resources),
            outputs=attempt.outputs,
            undeclared=list(undeclared.values()),
            library_data=attempt.library_data,
            metrics=[*self._earlier_metrics.values(), *self._metrics, *attempt.metrics],
            figures=self._logged_files("figures"),
            tables=self._logged_files("tables"),
            models=self._logged_files("models"),
            artifacts=self._logged_files("artifacts"),
            logged_params=self._logged_params,
            error=attempt.error,
            traceback=attempt.traceback,
        )
        written.write()
        self._last_record = written
        self._last_stamp = digests.stamp(written.folder / "record.json")


def describe_damage(task: Task[Any], run: TaskRecord) -> str:
    """Which file or folder is not as a run left or found it; empty if all are."""
    return run.damage() or named_paths.describe_new(task, run)


def record_death(task: Task[Any], error: str, stack: str, used: Resources) -> None:
    """Record for a task that is not complete why its process ended, in a line.

    `stack` is what it was doing, if that is known, and `used` what it cost and had. Nothing is
    recorded if another process works on it now.
    """
    with suppress(Timeout, OSError), locks.locked_if_free(task_key(task)):
        last = task.last_record()  # its own, if it could still write one
        error = redact.redact_text(error)
        attempt = Attempt(record.current_time(), used, status="failed", error=error)
        used.machine_use = machine_use.summary(task._folder())
        attempt.traceback = redact.redact_text(stack) or (last.traceback if last else None)
        task._metrics = task._logged_metrics()
        task._write_record(attempt)


set_infrastructure(Task)
