"""One run of a task: what it cost, wrote and read, and how it failed, as its record will say."""

import random
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labkart import digests, project
from labkart.digests import FileState
from labkart.errors import describe
from labkart.records import redact
from labkart.tasks.pruning import Pruned
from labkart.tasks.resources import Resources
from labkart.tasks.task_id import task_data


@dataclass
class Attempt:
    """One run of a task.

    Attributes:
        outputs: the files that it wrote.
        undeclared: the files of the project that it read without declaring them.
        error: what ended it; None if it finished.
    """

    started: str
    resources: Resources = field(default_factory=Resources)
    status: str = "done"
    outputs: list[FileState] = field(default_factory=list)
    undeclared: list[FileState] = field(default_factory=list)
    error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """Note what ended the run; its files count no more."""
        self.outputs, self.undeclared, self.error = [], [], error
        if isinstance(error, Pruned):
            self.status = "pruned"
        else:
            self.status = "failed" if isinstance(error, Exception) else "killed"

    @property
    def error_text(self) -> str | None:
        """The error in a line, without secrets."""
        if self.error is None:
            return None
        return redact.redact_text(describe(self.error, project.current().root))

    @property
    def traceback_text(self) -> str | None:
        """The traceback, without secrets."""
        if self.error is None:
            return None
        return redact.redact_text("".join(traceback.format_exception(self.error)))


def inherited_reads(upstream: Iterable[Any], dynamic: Iterable[Any]) -> Iterator[FileState]:
    """Files that a result depends on although its id does not cover them.

    Args:
        upstream: the tasks that it builds on; they may have read undeclared files.
        dynamic: the tasks that its `run()` yielded; they may declare files as well.
    """
    root = project.current().root
    for task in [*upstream, *dynamic]:
        if last := task.last_record():
            yield from last.undeclared
    for task in dynamic:
        for data in task_data(task).values():
            for _, file in digests.files(root / data["path"]):
                yield digests.file_state(file, root)


def seed_everything(seed: int) -> None:
    """Seed the sources of randomness that are imported."""
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
