"""gokart's build of some tasks and all that they need, on some workers.

Knows luigi's scheduler and workers. Knows no experiments: a listener follows the build.
"""

import gc
import json
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import gokart
from luigi.scheduler import Scheduler
from luigi.task_status import DONE, FAILED, PENDING

from labkart import threads
from labkart._compat import registered_classes, set_registered_classes
from labkart.experiments.allocation import Allocator
from labkart.experiments.task_process import ProcessPool, TaskProcesses
from labkart.language import translate
from labkart.tasks import resources
from labkart.tasks.context import context
from labkart.tasks.task import Task

_Tasks = Sequence[Task[Any]]
_PAUSE = 0.1  # seconds between two looks at what is waited for


@dataclass(frozen=True)
class Failure:
    """A run of a task that failed.

    Attributes:
        error: why, in a line.
        number: which run of this build it was.
        tries: how many the task may have: its `retry_count`.
    """

    error: str
    number: int = 1
    tries: int = 1

    @property
    def count(self) -> str:
        """Such as "try 2 of 3"; empty if there is only one."""
        if self.tries == 1:
            return ""
        return translate("try {number} of {tries}", number=self.number, tries=self.tries)


class _Listener(Protocol):
    """Follows each task of a build by luigi's own ids, in the process that leads.

    Attributes:
        tasks: all that the results need.
    """

    @property
    def tasks(self) -> _Tasks: ...
    def started(self, task_id: str) -> None: ...
    def may_run_again(self, task_id: str, failure: Failure) -> bool: ...
    def ended(self, task_id: str, failure: Failure | None) -> None: ...
    def warn(self, text: str) -> None: ...
    def beat(self) -> None: ...


def run(
    results: _Tasks,
    workers: int,
    allocator: Allocator,
    listener: _Listener,
    pool: ProcessPool | None = None,
) -> None:
    """Let gokart build the results, and all that they need, on some workers.

    Not by `gokart.build`, which silences the logging of the whole process. The tasks run in other
    processes; with 0 workers in this one, which then dies with them, and so for a debugger.
    """
    workers = 0 if context.is_debugging else workers
    if not gc.isenabled():  # see `cli.main`: to search what was imported costs more than a task
        gc.freeze()
        gc.enable()
    _keep_one_class_per_name(listener.tasks)
    for name in ("luigi", "luigi-interface", "gokart"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if resources.gpu():  # a process that is forked now could not use the card
        workers = 0
    scheduler = _Scheduler(max(1, workers), allocator, listener)
    factory = gokart.WorkerSchedulerFactory()
    with (
        closing(allocator),
        threads.divided(workers),
        factory.create_worker(scheduler, max(1, workers)) as worker,
    ):
        TaskProcesses(worker, workers, allocator, listener.beat, pool)
        for result in results:
            worker.add(result)
        worker.run()


def _keep_one_class_per_name(tasks: _Tasks) -> None:
    """Forget classes whose name is that of another one: luigi refuses to work with both.

    The pipeline's class stays, or else the newest. `gokart.build` would forget all of them, but
    luigi looks up by name the tasks that a `run()` yields.
    """
    classes: list[Any] = registered_classes()
    kept = {task.get_task_family(): task for task in [*classes, *map(type, tasks)]}
    set_registered_classes([task for task in classes if kept[task.get_task_family()] is task])


_END_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_unblock_end_signals = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _END_SIGNALS)


def _block_end_signals() -> None:
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
    except KeyboardInterrupt:  # it came right before: let it come again
        os.kill(os.getpid(), signal.SIGINT)


def _unblock_end_signals_in_child() -> None:
    try:
        _unblock_end_signals()
    # A signal came before the child began, and Python ignores errors in this hook.
    except BaseException:
        os._exit(128 + signal.SIGTERM)


# A signal between the hooks of a fork would be swallowed, and leave `logging` locked for ever.
os.register_at_fork(
    before=_block_end_signals,
    after_in_parent=_unblock_end_signals,
    after_in_child=_unblock_end_signals_in_child,
)


class _Scheduler(Scheduler):
    """luigi's local scheduler: it knows what all workers do, and reports it to a listener."""

    def __init__(self, workers: int, allocator: Allocator, listener: _Listener) -> None:
        super().__init__(record_task_history=False)
        self._workers, self._allocator, self._listener = workers, allocator, listener
        self._running = set[str]()
        self._waiting: dict[str, dict[str, Any]] = {}  # the replies with tasks that must wait
        self._has_said = False
        self._failures = Counter[str]()

    def get_work(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Report which task a worker gets: one that has all that it asks for."""
        reply = self._next(*args, **kwargs)
        while self._waiting and not (reply["task_id"] or kwargs["current_tasks"]):
            self.beat()  # the worker would end if it got nothing now
            time.sleep(_PAUSE)
            reply = self._next(*args, **kwargs)
        if task_id := reply["task_id"]:
            self._running.add(task_id)
            self._listener.started(task_id)
        if task_id and len(kwargs["current_tasks"]) + 1 >= self._workers:
            self._allocator.withdraw()
        self.beat()
        return reply

    def beat(self) -> None:
        """Report that time goes by, and once what is waited for."""
        self._listener.beat()
        self._allocator.keep_fresh()
        if not self._has_said and (text := self._allocator.describe_wait()):
            self._has_said = True
            self._listener.warn(text)

    def _next(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The next task that need not wait, those first that have waited."""
        for task_id in list(self._waiting):
            if self._allocator.allocate(task_id):
                return self._waiting.pop(task_id)
        while True:
            # Else luigi would name them again: it takes them for lost.
            current = [*kwargs["current_tasks"], *self._waiting]
            reply = super().get_work(*args, **{**kwargs, "current_tasks": current})
            task_id = reply["task_id"]
            if not task_id or self._allocator.allocate(task_id):
                return reply
            self._waiting[task_id] = reply

    def count_pending(self, worker: Any) -> dict[str, Any]:  # noqa: ARG002 (luigi's interface)
        """Count nothing: the numbers are for luigi's log, and counting is slow for many tasks."""
        names = ("n_pending_tasks", "n_unique_pending", "n_pending_last_scheduled")
        counts = dict.fromkeys(names, 0)
        return {**counts, "worker_state": "active", "running_tasks": []}

    def add_task(self, *args: Any, **kwargs: Any) -> None:
        """Report which task has ended, and how; let it run again if it has tries left."""
        task_id, status = kwargs["task_id"], kwargs["status"]
        if amounts := kwargs["resources"]:
            kwargs["resources"] = self._allocator.note(task_id, kwargs["family"], amounts)
            self.update_resources(**self._allocator.totals)
        super().add_task(*args, **kwargs)
        if task_id in self._running:
            self._allocator.end(task_id)
        if status not in (DONE, FAILED) or task_id not in self._running:
            return
        self._running.remove(task_id)
        failure = self._failure(kwargs) if status == FAILED else None
        is_last = failure is None or failure.number >= failure.tries
        if failure and not is_last and self._listener.may_run_again(task_id, failure):
            # luigi's own way waits for 15 minutes, and for a worker that does not end meanwhile.
            super().add_task(*args, **{**kwargs, "status": PENDING})
        else:
            self._listener.ended(task_id, failure)

    def _failure(self, report: dict[str, Any]) -> Failure:
        self._failures[report["task_id"]] += 1
        tries = report["retry_policy_dict"]["retry_count"] or 1
        return Failure(_reason(report["expl"]), self._failures[report["task_id"]], tries)


def _reason(explanation: str) -> str:
    """The last line of luigi's explanation of a failure."""
    lines = json.loads(explanation).strip().splitlines()
    return lines[-1] if lines else translate("no reason was given")
