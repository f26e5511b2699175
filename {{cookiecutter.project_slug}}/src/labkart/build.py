"""gokart's build of one task and all that it needs, on some workers; a `Watcher` hears of it."""

import json
import logging
import os
import signal
from collections.abc import Sequence
from typing import Any, Protocol

import gokart
from luigi.scheduler import Scheduler
from luigi.task_register import Register
from luigi.task_status import DONE, FAILED

from .record import TaskUse
from .task import Task

# What is to be built, by luigi's own ids.
Uses = dict[str, tuple[TaskUse, Task[Any]]]


class Watcher(Protocol):
    """Hears of a build while it goes on, in the process that leads it; `beat` comes at least every second or so."""

    def planned(self, uses: Sequence[TaskUse]) -> None: ...
    def started(self, use: TaskUse) -> None: ...
    def ended(self, use: TaskUse) -> None: ...
    def beat(self) -> None: ...


def run(result: Task[Any], uses: Uses, workers: int, watcher: Watcher) -> None:
    """gokart builds the result. Not by `gokart.build`, which silences the logging of the whole process."""
    _tell_classes_apart(uses)
    for noisy in ("luigi", "luigi-interface", "gokart"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    scheduler = _Scheduler(uses, watcher)
    with gokart.WorkerSchedulerFactory().create_worker(scheduler, workers) as worker:
        worker.add(result)
        worker.run()


def _tell_classes_apart(uses: Uses) -> None:
    """Luigi refuses to work while two classes have one name; that of the pipeline keeps it, or else the newest one.

    Not by forgetting all of them, as `gokart.build` does: luigi looks up the tasks that a `run()` yields.
    """
    ours = [type(task) for _, task in uses.values()]
    named = {task.get_task_family(): task for task in [*Register._reg, *ours]}
    Register._reg = [task for task in Register._reg if named[task.get_task_family()] is task]


def _hold_interrupts() -> None:
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    except KeyboardInterrupt:  # it came right before: let it come again
        os.kill(os.getpid(), signal.SIGINT)


def _let_interrupts_come() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


# A Ctrl-C between the hooks of a fork would be swallowed, and leave the lock of `logging` held for ever.
os.register_at_fork(before=_hold_interrupts, after_in_parent=_let_interrupts_come, after_in_child=_let_interrupts_come)


class _Scheduler(Scheduler):
    """luigi's local scheduler, telling a watcher what it hears: the one place that knows what all workers do."""

    def __init__(self, uses: Uses, watcher: Watcher) -> None:
        super().__init__(record_task_history=False)
        self._uses, self._watcher, self._running = uses, watcher, set[str]()

    def get_work(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        reply: dict[str, Any] = super().get_work(*args, **kwargs)
        if reply["task_id"] in self._uses:
            self._running.add(reply["task_id"])
            self._watcher.started(self._uses[reply["task_id"]][0])
        self._watcher.beat()
        return reply

    def count_pending(self, worker: Any) -> dict[str, Any]:
        """For luigi's log, which nobody reads here; its own way looks at every task for each task."""
        counts = dict.fromkeys(("n_pending_tasks", "n_unique_pending", "n_pending_last_scheduled"), 0)
        return {**counts, "worker_state": "active", "running_tasks": []}

    def add_task(self, *args: Any, **kwargs: Any) -> None:
        super().add_task(*args, **kwargs)
        if kwargs["status"] in (DONE, FAILED) and kwargs["task_id"] in self._running:
            self._running.remove(kwargs["task_id"])
            use, task = self._uses[kwargs["task_id"]]
            one = task.last_record()
            use.seconds = one.wall_seconds if one else 0.0
            pruned = one is not None and one.status == "pruned"
            use.state = "ran" if kwargs["status"] == DONE else "pruned" if pruned else "failed"
            if use.state != "ran":  # without a record the process itself died, and luigi knows how
                use.error = one.error if one else json.loads(kwargs["expl"]).strip().splitlines()[-1]
            self._watcher.ended(use)
