"""A process that runs tasks by their ids: what it knows since it was forked, and how it ended.

Knows no luigi and no experiments. Which task runs where is for `task_process`.
"""

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from labkart.errors import LabkartError
from labkart.experiments.allocation import Allocation
from labkart.fingerprint import imports, snapshot
from labkart.language import translate
from labkart.secrets import redact
from labkart.tasks.context import context
from labkart.tasks.handover import WholeParams
from labkart.tasks.task import Task

# A process has all tasks that this one has made. It is no daemon, for tasks may start processes.
_fork: Any = multiprocessing.get_context("fork")


class ForkedProcess(_fork.Process):
    """A process that runs tasks by their ids, one after another.

    Attributes:
        task_ids: of the tasks that it knows; others are handed over.
        allocation: what it has of what is scarce, as long as it lives.
        pipe: takes the tasks, and gives the results.
    """

    def __init__(
        self,
        serve: Callable[..., None],
        task_ids: set[str],
        allocation: Allocation,
        others: Sequence[Connection],
    ) -> None:
        self.task_ids, self.allocation = task_ids, allocation
        self._inheritance = _inheritance()
        self.pipe, end = _fork.Pipe()
        self._stack = _temporary_file()
        arguments = (end, allocation, [*others, self.pipe], self._stack)
        super().__init__(target=serve, args=arguments, daemon=False)
        self.start()
        end.close()
        if allocation.claim:
            allocation.claim.hand_over()

    def run_next_task(self, task: Task[Any], allocation: Allocation) -> bool:
        """Let the process run one more task; False if that needs another process."""
        has_claim = self.allocation.claim or allocation.claim
        if has_claim or self.allocation != allocation:
            return False
        if task.task_id in self.task_ids:
            self.run_task(task.task_id)
            return True
        packed = _pack(task) if self._inheritance == _inheritance() else b""
        if packed:
            self.run_task(task.task_id, packed)
        return bool(packed)

    def run_task(self, task_id: str, packed: bytes = b"") -> None:
        """Let the process run a task that it knows, or that is handed over."""
        with suppress(OSError):  # it has died: that shows when its result is awaited
            self.pipe.send((task_id, packed))

    def release(self) -> None:
        """Let the process end; it may take a moment."""
        self.pipe.close()
        self._stack.close()

    def stack(self) -> str:
        """What it was doing when it crashed; empty if it did not crash."""
        self._stack.seek(0)
        return self._stack.read().decode(errors="replace")


def _inheritance() -> list[Any]:
    """What a task may see of this process that a process has only if it was forked since."""
    supply = getattr(context.check_needs, "__self__", None)
    own = [context.monitor, context.pruning_reason, context.call_ranks, supply]
    code = [set(sys.modules), imports.reload_count(), snapshot.generation()]
    return [*own, *code, dict(os.environ), redact.remembered()]


def _pack(task: Task[Any]) -> bytes:
    """A task for a process that was forked before it was made; empty if that is impossible."""
    try:
        return pickle.dumps(
            (WholeParams({}, task), task.make_unique_id(), context.source, context.trial)
        )
    except LabkartError:
        return b""


def unpack(packed: bytes) -> Task[Any] | None:
    """The task that was packed; None if it would be another one here."""
    try:
        params, id, source, trial = pickle.loads(packed)
        is_same = params.task.make_unique_id() == id
    except Exception:  # of whatever its parameters are
        return None
    context.source, context.trial = source, trial
    return params.task if is_same else None


def _temporary_file() -> IO[bytes]:
    try:
        return TemporaryFile()
    except OSError:  # a full disk
        return Path(os.devnull).open("r+b")


def describe_end(code: int) -> str:
    """Why a process ended that did not say so itself."""
    if code >= 0:
        return translate(
            "its process ended by itself, with exit code {code} (os._exit?)", code=code
        )
    try:
        number = signal.Signals(-code)
    except ValueError:  # a real-time signal has no name
        return translate("killed by signal {number}", number=-code)
    if number == signal.SIGKILL:
        return translate("killed by {signal} (out of memory?)", signal=number.name)
    if number in (signal.SIGSEGV, signal.SIGABRT):
        return translate("killed by {signal} (a crash in compiled code)", signal=number.name)
    return translate("killed by {signal}", signal=number.name)
