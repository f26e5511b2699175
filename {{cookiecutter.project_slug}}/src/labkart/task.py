"""`Task`, the base class: its identity, its lock, its seed, its run, the commit of its output, its log."""

import functools
import inspect
import operator
import os
import posixpath
import random
import re
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import gokart
from filelock import FileLock
from gokart.utils import flatten

from . import digest, fingerprint, project, record
from .errors import LabkartError, told
from .usage import Usage

T = TypeVar("T")

_METRIC_NAME = re.compile(r"[\w.:/ -]{1,200}")  # what MLflow takes, with room for the task's name before it
_FILE_NAME = re.compile(r"[\w. -]*\w")

# What we set of gokart's infrastructure: identity by code, and seeding, locking and logging by ourselves.
_OURS = {
    "workspace_directory": property(lambda self: str(project.current().outputs / "cache")),
    # One a process: gokart unpacks zips there, and processes that share it read each other's halves.
    "local_temporary_directory": property(lambda self: f"{project.current().outputs}/cache/tmp/{os.getpid()}"),
    "serialized_task_definition_check": True,
    "should_dump_supplementary_log_files": False,
    "complete_check_at_run": False,
    "priority": 0,
}


class Task(gokart.TaskOnKart[T]):
    """A step of a pipeline whose output is a `T`.

    Declare the parameters as luigi's, write `run()` with gokart's `self.load` and `self.dump`, and log what should be
    found again with `self.log_metric`, `self.log_figure` and `self.log_table`. The task is complete while its record
    exists and its output is what the record says.

    Randomness: `random`, NumPy and PyTorch (where they are imported) are seeded right before `run()` with the task's
    own parameter `seed`, or with 0 where it has none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._metrics: list[record.Metric] = []
        self._figures: list[str] = []
        self._tables: list[str] = []
        self._body: Callable[[], Any] = self.run
        wrapped = self._run_generator if inspect.isgeneratorfunction(self.run) else self._run
        # On the instance, so that whatever `run` and `requires` a student writes or inherits are wrapped once.
        vars(self).update(run=wrapped, requires=functools.cache(self.requires))

    def get_own_code(self) -> str:
        """gokart's hook: what stands for this task's code in its id."""
        return f"{type(self).__module__}.{type(self).__qualname__} {fingerprint.of(type(self))}"

    def last_record(self) -> record.TaskRecord | None:
        """What the last run of this very task left behind."""
        return record.read_task(self.get_task_family(), self.make_unique_id())

    def complete(self) -> bool:
        """Whether a run was committed and its output still has the content it had then."""
        last, root = self.last_record(), project.current().outputs
        if last is None or last.id != self.make_unique_id() or last.status != "done" or not last.outputs:
            return False
        return all(digest.unchanged(state, root) for state in last.outputs)

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Record a number; with `step` (epoch, iteration) it becomes a curve.

        Raises:
            LabkartError: MLflow does not take a character of the name, or the value is no number.
        """
        if not _METRIC_NAME.fullmatch(name) or name.startswith((".", "/")) or posixpath.normpath(name) != name:
            raise LabkartError(f'"{name}" cannot name a metric. Use letters, digits, spaces and _ - . : /')
        try:
            count = None if step is None else operator.index(step)
            self._metrics.append(record.Metric(name, float(value), count, time.time()))
        except (TypeError, ValueError):
            at = "" if step is None else f" and a whole step, not {step!r}"
            raise LabkartError(f'Metric "{name}" wants one number, not {value!r}{at}.') from None

    def log_figure(self, name: str, figure: Any) -> None:
        """Record a Matplotlib figure, as PNG unless the name ends otherwise (`roc.svg`)."""
        path = self._new_file(name, ".png", ".svg", ".pdf")
        figure.savefig(path, bbox_inches="tight")
        self._figures = list(dict.fromkeys([*self._figures, path.name]))

    def log_table(self, name: str, table: Any) -> None:
        """Record a pandas DataFrame as CSV; an index that is more than row numbers is kept."""
        path = self._new_file(name, ".csv")
        table.to_csv(path, index=type(table.index).__name__ != "RangeIndex")
        self._tables = list(dict.fromkeys([*self._tables, path.name]))

    def _new_file(self, name: str, *suffixes: str) -> Path:
        """A file beside the record; without one of the suffixes the name gets the first."""
        if not _FILE_NAME.fullmatch(name):
            raise LabkartError(f'"{name}" cannot name a file. Use letters, digits, spaces and _ - .')
        self._folder().mkdir(parents=True, exist_ok=True)
        return self._folder() / (name if name.endswith(suffixes) else name + suffixes[0])

    def _folder(self) -> Path:
        return record.task_folder(self.get_task_family(), self.make_unique_id())

    def _run(self) -> None:
        with self._lock():
            if not self.complete():
                with self._recorded():
                    self._body()

    def _run_generator(self) -> Iterator[Any]:
        with self._lock():
            if not self.complete():
                with self._recorded():
                    yield from self._body()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer a task, among all processes that share the outputs."""
        path = project.current().outputs / "cache" / "locks" / f"{self._folder().name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path):
            yield
            # Whoever waits on the file that goes looks again and finds the task complete.
            path.unlink(missing_ok=True)

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Seed, measure the block and commit it: the record is written last, and then the task is complete."""
        started = record.now()
        self._metrics, self._figures, self._tables = [], [], []
        shutil.rmtree(self._folder(), ignore_errors=True)
        usage = Usage()
        try:
            with usage.measured():
                _seed_everything(self._seed())
                yield
            outputs = self._outputs()
        except GeneratorExit:  # luigi sets a generator aside until what it asked for is there
            raise
        except BaseException as error:
            status = "failed" if isinstance(error, Exception) else "killed"
            with suppress(OSError):  # on a full disk the failure itself is the news
                self._write_record(status, started, usage, [], error)
            raise
        self._write_record("done", started, usage, outputs)

    def _seed(self) -> int:
        seed = getattr(self, "seed", 0)
        return seed if isinstance(seed, int) else 0

    def _outputs(self) -> list[digest.FileState]:
        targets = flatten(self.output())
        try:
            return [digest.look(Path(target.path()).absolute(), project.current().outputs) for target in targets]
        except FileNotFoundError:
            name = self.get_task_family()
            raise LabkartError(f"{name}.run() ended without an output. Let it end with self.dump(...).") from None

    def _write_record(
        self,
        status: str,
        started: str,
        usage: Usage,
        outputs: list[digest.FileState],
        error: BaseException | None = None,
    ) -> None:
        record.TaskRecord(
            id=self.make_unique_id(),
            name=self.get_task_family(),
            status=status,
            params=self._own_params(),
            upstream=[task.make_unique_id() for task in flatten(self.requires())],
            code=self.get_own_code(),
            seed=self._seed(),
            started=started,
            **vars(usage),
            outputs=outputs,
            metrics=self._metrics,
            figures=self._figures,
            tables=self._tables,
            error=told(error, project.current().root) if error else None,
            traceback="".join(traceback.format_exception(error)) if error else None,
        ).write()

    def _own_params(self) -> dict[str, str]:
        """The parameters but the upstream tasks, as luigi writes them."""
        params, tasks = self.to_str_params(only_significant=True), self.make_task_instance_dictionary()
        return {name: text for name, text in params.items() if name not in tasks}


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


# As plain attributes, so that luigi does not look up twenty defaults for every instance.
_theirs = {name: parameter.task_value("TaskOnKart", name) for name, parameter in gokart.TaskOnKart.get_params()}
for _name, _value in (_theirs | _OURS).items():
    setattr(Task, _name, _value)
