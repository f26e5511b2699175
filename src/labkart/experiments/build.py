"""gokart's build of some tasks and all that they need, on some workers.

Knows luigi's scheduler and workers. Knows no experiments: a listener follows the build.
"""

import json
import logging
import os
import signal
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import gokart
from luigi.scheduler import Scheduler
from luigi.task_status import DONE, FAILED

from labkart import threads
from labkart._compat import before_purge, registered_classes, set_registered_classes
from labkart.tasks.task import Task

_Tasks = Sequence[Task[Any]]


class _Listener(Protocol):
    """Follows each task of a build by luigi's own ids, in the process that leads."""

    def started(self, task_id: str) -> None: ...
    def ended(self, task_id: str, error: str | None) -> None: ...
    def beat(self) -> None: ...


def run(results: _Tasks, tasks: _Tasks, workers: int, listener: _Listener) -> None:
    """Let gokart build the results, for which it needs these tasks, on some workers.

    Not by `gokart.build`, which silences the logging of the whole process.
    """
    _keep_one_class_per_name(tasks)
    for name in ("luigi", "luigi-interface", "gokart"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    scheduler = _Scheduler(listener)
    factory = gokart.WorkerSchedulerFactory()
    with threads.divided(workers), factory.create_worker(scheduler, workers) as worker:
        for result in results:
            worker.add(result)
        # While all processes are busy luigi asks for no work, but it looks after its processes.
        before_purge(worker, listener.beat)
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

    def __init__(self, listener: _Listener) -> None:
        super().__init__(record_task_history=False)
        self._listener = listener
        self._running = set[str]()

    def get_work(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Report which task a worker gets."""
        reply: dict[str, Any] = super().get_work(*args, **kwargs)
        if task_id := reply["task_id"]:
            self._running.add(task_id)
            self._listener.started(task_id)
        self._listener.beat()
        return reply

    def count_pending(self, worker: Any) -> dict[str, Any]:  # noqa: ARG002 (luigi's interface)
        """Count nothing: the numbers are for luigi's log, and counting is slow for many tasks."""
        names = ("n_pending_tasks", "n_unique_pending", "n_pending_last_scheduled")
        counts = dict.fromkeys(names, 0)
        return {**counts, "worker_state": "active", "running_tasks": []}

    def add_task(self, *args: Any, **kwargs: Any) -> None:
        """Report which task has ended, and how."""
        super().add_task(*args, **kwargs)
        task_id, status = kwargs["task_id"], kwargs["status"]
        if status in (DONE, FAILED) and task_id in self._running:
            self._running.remove(task_id)
            self._listener.ended(task_id, _reason(kwargs["expl"]) if status == FAILED else None)


def _reason(explanation: str) -> str:
    """The last line of luigi's explanation of a failure."""
    lines = json.loads(explanation).strip().splitlines()
    return lines[-1] if lines else "no reason was given"
