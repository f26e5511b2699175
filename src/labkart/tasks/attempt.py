"""One run of a task: what it cost, wrote and read, and how it failed, as its record will say."""

import random
import sys
import traceback
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from gokart.utils import flatten

from labkart import project, write_errors
from labkart.digests import FileState
from labkart.records.record import Metric
from labkart.secrets import redact
from labkart.signals import Stopped
from labkart.tasks.context import context
from labkart.tasks.pruning import Pruned
from labkart.tasks.resources import Resources
from labkart.tasks.task_id import TaskWithId, task_data, task_key
from labkart.tasks.task_id import upstream as upstream_of
from labkart.wording import describe_error


@dataclass
class Attempt:
    """One run of a task.

    Attributes:
        outputs: the files that it wrote.
        metrics: those that it logged by MLflow's own functions.
        undeclared: the files of the project that it read without declaring them.
        library_data: the digests of the data of packages that it read.
        error: what ended it, in a line; None if it finished.
    """

    started: str
    resources: Resources = field(default_factory=Resources)
    status: str = "done"
    outputs: list[FileState] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    undeclared: list[FileState] = field(default_factory=list)
    library_data: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None

    def fail(self, error: BaseException) -> None:
        """Note what ended the run, without secrets; its files no longer count."""
        self.outputs, self.undeclared = [], []
        self.error = describe_end(error)
        self.traceback = redact.redact_text("".join(traceback.format_exception(error)))
        self.status = "failed"
        if isinstance(error, Pruned):  # nobody's mistake, so no place in the code
            self.status, self.error = "pruned", str(error)
        if isinstance(error, KeyboardInterrupt | Stopped):
            self.status = self.error = "stopped"


def describe_end(error: BaseException) -> str:
    """What ended a run, in a line without secrets."""
    description = write_errors.describe_failure(error)
    return redact.redact_text(description or describe_error(error, project.current().root))


def pass_on(steps: Generator[Any, Any, None], found: list[Any]) -> Iterator[Any]:
    """Pass on the tasks that a `run()` yields, and add them to a list: its result depends on them.

    Raises:
        LabkartError: one of them asks for more than there is on this machine.
    """
    results = None
    with closing(steps), suppress(StopIteration):
        while True:
            tasks = steps.send(results)
            new = [task for task in flatten(tasks) if isinstance(task, TaskWithId)]
            context.check_needs(new)
            found += new
            results = yield tasks


def inherited_reads(upstream: Iterable[Any], dynamic: Iterable[Any]) -> Iterator[FileState]:
    """Files and folders that a result depends on although its id does not cover them.

    They were read undeclared by upstream tasks, or declared by tasks that its `run()` yielded and
    by those that these need.
    """
    root = project.current().root
    for task in [*upstream, *dynamic]:
        if last := task.last_record():
            yield from last.undeclared
    waiting, known = list(dynamic), set[str]()
    while waiting:
        task = waiting.pop()
        if isinstance(task, TaskWithId) and task_key(task) not in known:
            known.add(task_key(task))
            waiting += upstream_of(task)
            for data in task_data(task).values():
                file = root / data["path"]
                size = file.stat().st_size if file.is_file() else 0
                # As it was planned: it may have changed since that task read it.
                yield FileState(data["path"], size, data["sha256"], [])


def seed_everything(seed: int) -> None:
    """Seed the sources of randomness that are imported."""
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
