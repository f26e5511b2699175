"""`Task`, the base class: its lock, its seed, its run, the commit of its output.

Knows nothing of experiments. For what its id is made of see `task_id`.
"""

import inspect
import logging
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import gokart
from gokart.utils import flatten

from labkart import digests, project
from labkart.digests import FileState
from labkart.errors import LabkartError
from labkart.fingerprint import fingerprint, snapshot
from labkart.records import locks, record, redact
from labkart.records.record import TaskRecord
from labkart.tasks import mlflow_calls, task_id
from labkart.tasks.attempt import Attempt, inherited_reads, seed_everything
from labkart.tasks.file_access import UndeclaredReads, report_undeclared
from labkart.tasks.logging import TaskLogger
from labkart.tasks.task_id import TaskWithId, own_params, task_key, upstream

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Task(TaskLogger, TaskWithId[T]):
    """A step of a pipeline whose output is a `T`.

    Declare the parameters as luigi's, write `run()` with gokart's `self.load` and `self.dump`, and
    log what should be found again with `self.log_metric`, `self.log_figure` and `self.log_table`.
    The task is complete while its record exists and its output is what the record says.

    Randomness: `random`, NumPy and PyTorch (if they are imported) are seeded right before `run()`
    with the task's own parameter `seed`, or with 0 if it has none.
    """

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
        last = self.last_record()
        if last is None or last.id != self.make_unique_id():
            return False
        return last.status == "done" and not last.damage()

    def _folder(self) -> Path:
        return task_id.task_folder(self)

    def _run(self) -> None:
        with self._locked():
            if not self.complete():
                with self._committed():
                    self._student_run()

    def _run_generator(self) -> Iterator[Any]:
        with self._locked():
            if not self.complete():
                with self._committed():
                    yield from self._with_dynamic_upstream(self._student_run())

    def _with_dynamic_upstream(self, steps: Generator[Any, Any, None]) -> Iterator[Any]:
        """Pass on and remember the tasks that a `run()` yields: the result depends on them."""
        self._dynamic_upstream = []
        results = None
        with closing(steps), suppress(StopIteration):
            while True:
                tasks = steps.send(results)
                new = [task for task in flatten(tasks) if isinstance(task, Task)]
                self._dynamic_upstream += new
                results = yield tasks

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
        self._clear_log()
        shutil.rmtree(self._folder(), ignore_errors=True)
        attempt = Attempt(record.current_time())
        try:
            with self._observed(attempt):
                yield
        except GeneratorExit:  # luigi sets a generator aside until the tasks it yielded are done
            raise
        except BaseException as error:
            attempt.fail(error)
            with suppress(OSError):  # on a full disk the failure itself is the news
                self._write_record(attempt)
            raise
        self._write_record(attempt)

    @contextmanager
    def _observed(self, attempt: Attempt) -> Iterator[None]:
        """Watch the block's costs, reads and outputs; refuse what the id does not cover."""
        name = self.get_task_family()
        reads = UndeclaredReads(getattr(self, param) for param in self._data)
        with (
            mlflow_calls.routed("mlflow" in self._fingerprint.packages),
            attempt.resources.measured(),
            reads.collected(),
        ):
            seed_everything(self._seed())
            yield
        attempt.outputs = self._outputs()
        attempt.undeclared = reads.states(name)
        if reads.paths:
            report_undeclared(name, own_params(self), reads.paths)
        self._check_that_nothing_changed()

    def _warn_of_damage(self) -> None:
        last = self.last_record()
        if last and (damage := last.damage()):
            _log.warning("%s: %s; computing it again.", self.get_task_family(), damage)

    def _check_that_nothing_changed(self) -> None:
        """Refuse a run if data or code changed meanwhile: its id would not cover them."""
        name = self.get_task_family()
        for param, data in task_id.current_data(self).items():
            if data != self._data[param]:
                raise LabkartError(f"{data['path']} changed while {name} ran. Run it again.")
        if not fingerprint.still_holds(type(self)):
            problem = "and it imported the new version"
            raise LabkartError(f"The code changed while {name} ran, {problem}. Run it again.")

    def _seed(self) -> int:
        seed = getattr(self, "seed", 0)
        return seed if isinstance(seed, int) else 0

    def _outputs(self) -> list[FileState]:
        name = self.get_task_family()
        folder = project.current().outputs
        try:
            outputs = [digests.file_state(path, folder) for path in task_id.output_paths(self)]
        except FileNotFoundError:
            remedy = "Let it end with self.dump(...)."
            raise LabkartError(f"{name}.run() ended without an output. {remedy}") from None
        if not outputs:
            raise LabkartError(f"{name}.output() names no file. Let it return at least one target.")
        return outputs

    def _write_record(self, attempt: Attempt) -> None:
        inherited = inherited_reads(upstream(self), self._dynamic_upstream)
        undeclared = {state.path: state for state in [*inherited, *attempt.undeclared]}
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
            metrics=self._metrics,
            figures=self._figures,
            tables=self._tables,
            models=self._models,
            error=attempt.error,
            traceback=attempt.traceback,
        )
        written.write()
        self._last_record = written
        self._last_stamp = digests.stamp(written.folder / "record.json")


def _set_infrastructure() -> None:
    """Set gokart's infrastructure parameters as plain attributes of `Task`.

    Else luigi looks up twenty defaults for every instance. Identity by code, seeding, locking and
    logging are ours.
    """
    for name, parameter in gokart.TaskOnKart.get_params():
        setattr(Task, name, parameter.task_value("TaskOnKart", name))
    settings = {
        "workspace_directory": property(lambda _: str(project.current().outputs / "cache")),
        "local_temporary_directory": property(lambda _: str(locks.scratch())),
        "serialized_task_definition_check": True,
        "should_dump_supplementary_log_files": False,
        "complete_check_at_run": False,
        "priority": 0,
    }
    for name, value in settings.items():
        setattr(Task, name, value)


_set_infrastructure()
