"""gokart's build of some tasks and all that they need, on some workers; a `Listener` hears of it."""

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

from labkart import threads
from labkart.records.record import TaskRun
from labkart.tasks.task import Task


class BuildListener(Protocol):
    """Hears of each task, by luigi's own ids, in the process that leads; `why` a task failed, or nothing.

    `beat` comes at least every second or so.
    """

    def tasks(self) -> Sequence[Task[Any]]: ...
    def started(self, task_id: str) -> None: ...
    def ended(self, task_id: str, why: str | None) -> None: ...
    def beat(self) -> None: ...


class BaseBuildListener(Protocol):
    """Sees tasks as parts of experiments: all of them, and then what starts and ends."""

    def planned(self, uses: Sequence[TaskRun]) -> None: ...
    def started(self, use: TaskRun) -> None: ...
    def ended(self, use: TaskRun) -> None: ...
    def beat(self) -> None: ...


def run(results: Sequence[Task[Any]], workers: int, listener: BuildListener) -> None:
    """gokart builds the results. Not by `gokart.build`, which silences the logging of the whole process."""
    _tell_classes_apart(listener.tasks())
    for noisy in ("luigi", "luigi-interface", "gokart"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    scheduler = _Scheduler(listener)
    with (
        threads.divided(workers),
        gokart.WorkerSchedulerFactory().create_worker(scheduler, workers) as worker,
    ):
        for result in results:
            worker.add(result)
        _let_beat(worker, listener)
        worker.run()


def _let_beat(worker: Any, listener: BuildListener) -> None:
    """While all processes are busy luigi asks for no work, but it looks after its children every second."""
    look_after = worker._purge_children

    def purge() -> None:
        listener.beat()
        look_after()

    worker._purge_children = purge


def _tell_classes_apart(tasks: Sequence[Task[Any]]) -> None:
    """Luigi refuses to work while two classes have one name; that of the pipeline keeps it, or else the newest one.

    Not by forgetting all of them, as `gokart.build` does: luigi looks up the tasks that a `run()` yields.
    """
    named = {task.get_task_family(): task for task in [*Register._reg, *map(type, tasks)]}
    Register._reg = [task for task in Register._reg if named[task.get_task_family()] is task]


_ENDINGS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def _hold_endings() -> None:
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    except KeyboardInterrupt:  # it came right before: let it come again
        os.kill(os.getpid(), signal.SIGINT)


def _let_endings_come() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)


def _let_endings_come_to_a_child() -> None:
    try:
        _let_endings_come()
    except (
        BaseException
    ):  # it was told to end before it began, and Python goes on after an error in this place
        os._exit(128 + signal.SIGTERM)


# An ending between the hooks of a fork would be swallowed, and leave the lock of `logging` held for ever.
os.register_at_fork(
    before=_hold_endings,
    after_in_parent=_let_endings_come,
    after_in_child=_let_endings_come_to_a_child,
)


class _Scheduler(Scheduler):
    """luigi's local scheduler, telling a listener what it hears: the one place that knows what all workers do."""

    def __init__(self, listener: BuildListener) -> None:
        super().__init__(record_task_history=False)
        self._listener, self._running = listener, set[str]()

    def get_work(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        reply: dict[str, Any] = super().get_work(*args, **kwargs)
        if task_id := reply["task_id"]:
            self._running.add(task_id)
            self._listener.started(task_id)
        self._listener.beat()
        return reply

    def count_pending(self, worker: Any) -> dict[str, Any]:
        """For luigi's log, which nobody reads here; its own way looks at every task for each task."""
        counts = dict.fromkeys(
            ("n_pending_tasks", "n_unique_pending", "n_pending_last_scheduled"), 0
        )
        return {**counts, "worker_state": "active", "running_tasks": []}

    def add_task(self, *args: Any, **kwargs: Any) -> None:
        super().add_task(*args, **kwargs)
        task_id, status = kwargs["task_id"], kwargs["status"]
        if status in (DONE, FAILED) and task_id in self._running:
            self._running.remove(task_id)
            said = json.loads(kwargs["expl"]).strip().splitlines() if status == FAILED else []
            why = (said or ["no word of why"])[-1] if status == FAILED else None
            self._listener.ended(task_id, why)
