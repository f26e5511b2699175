"""Processes that run trials of one study side by side, and what they tell the one that leads.

Knows no Optuna: a function does the work.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, Protocol

from labkart import signals
from labkart.errors import LabkartError
from labkart.experiments.progress import ProgressListener
from labkart.experiments.search.progress import SearchProgress
from labkart.records.record import read_experiment
from labkart.records.study import Trial
from labkart.tracking import store
from labkart.tracking.publisher import Publisher

_PAUSE = 0.3  # seconds between two beats


class TrialListener(ProgressListener, Protocol):
    """Follows trials and their tasks. Experiments come by their ids."""

    def experiment_started(self, id: str) -> None:
        """An experiment's record says `running`."""

    def experiment_ended(self, id: str, is_nested: bool) -> None:
        """An experiment's record is complete; `is_nested` if it was part of this study before."""

    def trial_ended(self, trial: Trial, seconds: float) -> None:
        """A trial has ended, after so many seconds of tasks."""


class Leader:
    """Follows trials in the process that leads: shows and publishes them."""

    def __init__(self, progress: SearchProgress, publisher: Publisher) -> None:
        self._publisher = publisher
        self.planned = progress.planned
        self.started = progress.started
        self.ended = progress.ended
        self.beat = progress.beat
        self.trial_ended = progress.trial_ended

    def experiment_started(self, id: str) -> None:
        """Publish that an experiment runs."""
        if record := read_experiment(id):
            self._publisher.begin(record)

    def experiment_ended(self, id: str, is_nested: bool) -> None:
        """Publish an experiment as a part of the study."""
        if record := read_experiment(id):
            if not store.is_published(record):
                self._publisher.end(record)
            elif not is_nested:
                self._publisher.nest(record)


class _Member(TrialListener):
    """Follows trials in another process, and tells the one that leads."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def experiment_started(self, id: str) -> None:
        self._pipe.send(("experiment_started", id))

    def experiment_ended(self, id: str, is_nested: bool) -> None:
        self._pipe.send(("experiment_ended", id, is_nested))

    def trial_ended(self, trial: Trial, seconds: float) -> None:
        self._pipe.send(("trial_ended", trial, seconds))


class Crew:
    """Processes, each of which does the same work until none is left.

    Args:
        size: how many processes.
        work: what each does; it gets the listener to tell.
    """

    def __init__(self, size: int, work: Callable[[TrialListener], None]) -> None:
        self._processes: list[Any] = []
        self._pipes: list[Any] = []
        context = multiprocessing.get_context("fork")
        for _ in range(size):
            receiver, sender = context.Pipe(duplex=False)
            arguments = (work, sender, [*self._pipes, receiver])
            process = context.Process(target=_work, args=arguments, daemon=False)
            process.start()
            sender.close()
            self._processes.append(process)
            self._pipes.append(receiver)

    def follow(self, leader: Leader) -> None:
        """Pass on what they tell until all have ended.

        Raises:
            LabkartError: one of them cannot go on, for a reason that holds for all; or all died.
        """
        try:
            while self._pipes:
                for pipe in wait(self._pipes, _PAUSE):
                    self._receive(pipe, leader)
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

    def _receive(self, pipe: Any, leader: Leader) -> None:
        try:
            event, *arguments = pipe.recv()
        except EOFError:
            self._pipes.remove(pipe)
            return
        if event == "failed":
            raise LabkartError(*arguments)
        getattr(leader, event)(*arguments)


def _work(work: Callable[[TrialListener], None], pipe: Any, others: Sequence[Any]) -> None:
    for other in others:  # so that the end of the one who leads is the end of every pipe
        other.close()
    signals.install_handlers()
    with suppress(BrokenPipeError, KeyboardInterrupt):  # the leader ended, or ended this process
        try:
            work(_Member(pipe))
        except LabkartError as error:
            pipe.send(("failed", str(error)))
