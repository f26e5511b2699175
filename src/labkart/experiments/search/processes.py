"""Processes that run trials of one study side by side, and what they tell the one that leads."""

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, Protocol

from labkart import signals
from labkart.errors import LabkartError
from labkart.experiments.search.scoreboard import SearchProgress
from labkart.records.record import TaskRun, read_experiment
from labkart.records.study import Trial
from labkart.tracking import store
from labkart.tracking.publisher import Publisher

_PAUSE = 0.3  # seconds between two beats


class TrialListener(Protocol):
    """Hears of trials and, as a `Watcher`, of their tasks. Experiments come by their ids."""

    def begun(self, id: str) -> None: ...
    def ready(self, id: str, nested: bool) -> None: ...
    def told(self, trial: Trial, seconds: float) -> None: ...
    def planned(self, uses: Sequence[TaskRun]) -> None: ...
    def started(self, use: TaskRun) -> None: ...
    def ended(self, use: TaskRun) -> None: ...
    def beat(self) -> None: ...


class Leader:
    """Hears of trials in the process that leads: shows and publishes them."""

    def __init__(self, board: SearchProgress, publisher: Publisher) -> None:
        self._publisher = publisher
        self.planned, self.started, self.ended, self.beat = (
            board.planned,
            board.started,
            board.ended,
            board.beat,
        )
        self.told = board.told

    def begun(self, id: str) -> None:
        if record := read_experiment(id):
            self._publisher.begin(record)

    def ready(self, id: str, nested: bool) -> None:
        if record := read_experiment(id):
            if not store.is_published(record):
                self._publisher.end(record)
            elif not nested:
                self._publisher.nest(record)


class _Member:
    """Hears of trials in one of the others, and tells the one that leads."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def begun(self, id: str) -> None:
        self._pipe.send(("begun", id))

    def ready(self, id: str, nested: bool) -> None:
        self._pipe.send(("ready", id, nested))

    def told(self, trial: Trial, seconds: float) -> None:
        self._pipe.send(("told", trial, seconds))

    def planned(self, uses: Sequence[TaskRun]) -> None: ...
    def started(self, use: TaskRun) -> None: ...
    def ended(self, use: TaskRun) -> None: ...
    def beat(self) -> None: ...


class Crew:
    """So many processes, each of which does the same work until there is no more of it.

    Args:
        work: what each does; it is told who listens.
    """

    def __init__(self, size: int, work: Callable[[TrialListener], None]) -> None:
        self._processes: list[Any] = []
        self._pipes: list[Any] = []
        context = multiprocessing.get_context("fork")
        for _ in range(size):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_work, args=(work, theirs, [*self._pipes, ours]), daemon=False
            )
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)

    def follow(self, leader: Leader) -> None:
        """Hear what they tell until all have ended.

        Raises:
            LabkartError: one of them cannot go on, for a reason that holds for all; or all died.
        """
        try:
            while self._pipes:
                for pipe in wait(self._pipes, _PAUSE):
                    self._hear(pipe, leader)
                leader.beat()
        finally:
            for process in self._processes:
                if self._pipes:
                    process.terminate()
                process.join()
        if all(process.exitcode for process in self._processes):
            code = self._processes[0].exitcode
            raise LabkartError(
                f"All processes of the search died (exit code {code}). The same command goes on."
            )

    def _hear(self, pipe: Any, leader: Leader) -> None:
        try:
            what, *rest = pipe.recv()
        except EOFError:
            self._pipes.remove(pipe)
            return
        if what == "failed":
            raise LabkartError(*rest)
        getattr(leader, what)(*rest)


def _work(work: Callable[[TrialListener], None], pipe: Any, others: Sequence[Any]) -> None:
    for other in others:  # so that the end of the one who leads is the end of every pipe
        other.close()
    signals.install_handlers()
    with suppress(BrokenPipeError, KeyboardInterrupt):  # that end, or a word from there
        try:
            work(_Member(pipe))
        except LabkartError as error:
            pipe.send(("failed", str(error)))
