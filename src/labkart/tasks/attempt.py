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
        error: what ended it, in a line; None if it finished.
    """

    started: str
    resources: Resources = field(default_factory=Resources)
    status: str = "done"
    outputs: list[FileState] = field(default_factory=list)
    undeclared: list[FileState] = field(default_factory=list)
    error: str | None = None
    traceback: str | None = None

    def fail(self, error: BaseException) -> None:
        """Note what ended the run, without secrets; its files no longer count."""
        self.outputs, self.undeclared = [], []
        self.error = redact.redact_text(describe(error, project.current().root))
        self.traceback = redact.redact_text("".join(traceback.format_exception(error)))
        if isinstance(error, Pruned):
            self.status = "pruned"
        else:
            self.status = "failed" if isinstance(error, Exception) else "killed"


def inherited_reads(upstream: Iterable[Any], dynamic: Iterable[Any]) -> Iterator[FileState]:
    """Files that a result depends on although its id does not cover them.

    They were read undeclared by upstream tasks, or declared by tasks that its `run()` yielded.
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
