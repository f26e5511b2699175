"""`Task`, the base class: its lock, its seed, its run, the commit of its output."""

import inspect
import logging
import random
import shutil
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import gokart
from gokart.utils import flatten

from labkart import digests, project
from labkart.errors import LabkartError, describe
from labkart.fingerprint import fingerprint, snapshot
from labkart.records import locks, record, redact
from labkart.tasks import mlflow_calls
from labkart.tasks.data_files import Reads, report_undeclared
from labkart.tasks.logging import TaskLogger
from labkart.tasks.pruning import Pruned
from labkart.tasks.resources import Resources
from labkart.tasks.task_id import (
    TaskWithId,
    current_data,
    output_paths,
    own_params,
    task_folder,
    task_key,
    upstream,
)

T = TypeVar("T")

_log = logging.getLogger(__name__)

# What we set of gokart's infrastructure: identity by code, and seeding, locking and logging by ourselves.
_OURS = {
    "workspace_directory": property(lambda self: str(project.current().outputs / "cache")),
    "local_temporary_directory": property(lambda self: str(locks.scratch())),
    "serialized_task_definition_check": True,
    "should_dump_supplementary_log_files": False,
    "complete_check_at_run": False,
    "priority": 0,
}


class Task(TaskLogger, TaskWithId[T]):
    """A step of a pipeline whose output is a `T`.

    Declare the parameters as luigi's, write `run()` with gokart's `self.load` and `self.dump`, and log what should be
    found again with `self.log_metric`, `self.log_figure` and `self.log_table`. The task is complete while its record
    exists and its output is what the record says.

    Randomness: `random`, NumPy and PyTorch (where they are imported) are seeded right before `run()` with the task's
    own parameter `seed`, or with 0 where it has none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._empty()
        self._asked: list[Task[Any]] = []
        self._read: tuple[digests.Stamp | None, record.TaskRecord | None] | None = None

    def _wrap(self) -> None:
        super()._wrap()
        vars(self).pop("run", None)
        self._body: Callable[[], Any] = self.run
        vars(self)["run"] = (
            self._run_generator if inspect.isgeneratorfunction(self.run) else self._run
        )

    def last_record(self) -> record.TaskRecord | None:
        """What the last run of this very task left behind."""
        now = digests.stamp(self._folder() / "record.json")
        if self._read is None or self._read[0] != now:
            self._read = (
                now,
                record.read_task(self.get_task_family(), self.make_unique_id()) if now else None,
            )
        return self._read[1]

    def complete(self) -> bool:
        """Whether a run was committed and its output still has the content it had then."""
        snapshot.refresh()
        last = self.last_record()
        return (
            last is not None
            and last.id == self.make_unique_id()
            and last.status == "done"
            and not last.damage()
        )

    def _folder(self) -> Path:
        return task_folder(self)

    def _run(self) -> None:
        with self._alone():
            if not self.complete():
                with self._recorded():
                    self._body()

    def _run_generator(self) -> Iterator[Any]:
        with self._alone():
            if not self.complete():
                with self._recorded():
                    yield from self._heard(self._body())

    def _heard(self, body: Generator[Any, Any, None]) -> Iterator[Any]:
        """Pass on what a generator asks for, and remember it: the result depends on those tasks too."""
        self._asked, sent = [], None
        with closing(body), suppress(StopIteration):
            while True:
                asked = body.send(sent)
                self._asked += [task for task in flatten(asked) if isinstance(task, Task)]
                sent = yield asked

    @contextmanager
    def _alone(self) -> Iterator[None]:
        snapshot.refresh()
        with snapshot.frozen(), locks.locked(task_key(self)):
            yield

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Seed, measure the block and commit it: the record is written last, and then the task is complete."""
        started, usage, name = record.current_time(), Resources(), self.get_task_family()
        if (last := self.last_record()) and (damage := last.damage()):
            _log.warning("%s: %s; computing it again.", name, damage)
        self._empty()
        shutil.rmtree(self._folder(), ignore_errors=True)
        reads = Reads(getattr(self, each) for each in self._data)
        try:
            with (
                mlflow_calls.routed("mlflow" in self._fingerprint.packages),
                usage.measured(),
                reads.noticed(),
            ):
                _seed_everything(self._seed())
                yield
            outputs = self._outputs()
            undeclared = reads.states(name)
            if reads.paths:
                report_undeclared(name, own_params(self), reads.paths)
            self._check_that_nothing_moved()
        except GeneratorExit:  # luigi sets a generator aside until what it asked for is there
            raise
        except BaseException as error:
            kinds = {"failed": Exception, "pruned": Pruned}
            status = next(
                (status for status, kind in kinds.items() if isinstance(error, kind)), "killed"
            )
            with suppress(OSError):  # on a full disk the failure itself is the news
                self._write_record(status, started, usage, error=error)
            raise
        self._write_record("done", started, usage, outputs, undeclared)

    def _check_that_nothing_moved(self) -> None:
        """What was read while the task ran must be what its id says."""
        name = self.get_task_family()
        for moved in (
            each["path"] for name, each in current_data(self).items() if each != self._data[name]
        ):
            raise LabkartError(f"{moved} changed while {name} ran. Run it again.")
        if not fingerprint.still_holds(type(self)):
            raise LabkartError(
                f"The code changed while {name} ran, and it imported the new version. Run it again."
            )

    def _seed(self) -> int:
        seed = getattr(self, "seed", 0)
        return seed if isinstance(seed, int) else 0

    def _outputs(self) -> list[digests.FileState]:
        name = self.get_task_family()
        try:
            outputs = [
                digests.file_state(path, project.current().outputs) for path in output_paths(self)
            ]
        except FileNotFoundError:
            raise LabkartError(
                f"{name}.run() ended without an output. Let it end with self.dump(...)."
            ) from None
        if not outputs:
            raise LabkartError(
                f"{name}.output() names no file, so there would be nothing to find again."
            )
        return outputs

    def _inherited(self) -> Iterator[digests.FileState]:
        """What the upstream tasks read without declaring it: this result depends on that as well."""
        root = project.current().root
        for task in [*upstream(self), *self._asked]:
            if last := task.last_record():
                yield from last.undeclared
        for declared in (each["path"] for task in self._asked for each in task._data.values()):
            yield from (
                digests.file_state(file, root) for _, file in digests.files(root / declared)
            )

    def _write_record(
        self,
        status: str,
        started: str,
        usage: Resources,
        outputs: Iterable[digests.FileState] = (),
        undeclared: Iterable[digests.FileState] = (),
        error: BaseException | None = None,
    ) -> None:
        root = project.current().root
        written = record.TaskRecord(
            id=self.make_unique_id(),
            name=self.get_task_family(),
            status=status,
            params=redact.redact_values(own_params(self)),
            upstream=[task_key(task) for task in upstream(self)],
            dynamic_upstream=[task_key(task) for task in self._asked],
            code=self._fingerprint.code,
            packages=self._fingerprint.packages,
            data=self._data,
            seed=self._seed(),
            started=started,
            **vars(usage),
            outputs=list(outputs),
            undeclared=list(
                {state.path: state for state in (*self._inherited(), *undeclared)}.values()
            ),
            metrics=self._metrics,
            figures=self._figures,
            tables=self._tables,
            models=self._models,
            error=redact.redact_text(describe(error, root)) if error else None,
            traceback=redact.redact_text("".join(traceback.format_exception(error)))
            if error
            else None,
        )
        written.write()
        self._read = digests.stamp(written.folder / "record.json"), written


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


# As plain attributes, so that luigi does not look up twenty defaults for every instance.
_theirs = {
    name: parameter.task_value("TaskOnKart", name)
    for name, parameter in gokart.TaskOnKart.get_params()
}
for _name, _value in (_theirs | _OURS).items():
    setattr(Task, _name, _value)
