"""A process of its own that writes experiments to MLflow while their tasks run, which never wait.

Knows which experiments begin and end; what is written of them is read from their records.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from labkart.records import leftovers, live_metrics, study
from labkart.records.record import (
    ExperimentRecord,
    TaskRun,
    current_time,
    read_experiment,
)
from labkart.records.study import Study
from labkart.tracking import store

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Seconds in all for which a computation waits for a server, which may be slow or away.
_PATIENCE = 4.0
# Seconds for the import of MLflow and for the project's own file, which cannot be away,
_OWN_PATIENCE = 120.0
# and for each experiment that is written to that file.
_OWN_PATIENCE_EACH = 0.5
# Seconds between two looks at what was logged.
_INTERVAL = 0.5
_READY, _DONE = "ready", "done"


class Publisher:
    """Tells the other process which experiments begin and end.

    That process is forked on Linux: then it has most imports already.
    """

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._ended = 0

    def start(self) -> None:
        """Begin to import MLflow."""
        if not self._process:
            method = "fork" if sys.platform == "linux" else "spawn"
            context: Any = multiprocessing.get_context(method)
            self._pipe, other_end = context.Pipe()
            process = context.Process(target=_follow, args=(other_end, self._pipe), daemon=True)
            process.start()
            other_end.close()
            self._process = process

    def begin(self, record: ExperimentRecord) -> None:
        """The tasks of an experiment are going to run: show what they log."""
        self._tell("begin", record.id)

    def end(self, record: ExperimentRecord) -> None:
        """An experiment has ended and its record is complete."""
        self._ended += 1
        self._tell("end", record.id)

    def search(self, study: Study) -> None:
        """A search begins: its trials' runs will stand below one of its own."""
        self._tell("search", study.name)

    def searched(self, study: Study) -> None:
        """A search has ended and its record is complete."""
        self._ended += 1
        self._tell("searched", study.name)

    def nest(self, record: ExperimentRecord) -> None:
        """An experiment that is in MLflow already is a trial of a search, too."""
        self._tell("nest", record.id)

    def close(self) -> str:
        """Wait, within reason, until everything is in MLflow; return why something is not."""
        if not self._process:
            return ""
        try:
            self._tell("close", "")
            return self._answer() if self._ended else ""
        except (EOFError, OSError):
            return "the process that writes to it has died"
        finally:
            self._process.kill()

    def _answer(self) -> str:
        """What the other process answers: why something could not be written, or nothing."""
        own = patience = _OWN_PATIENCE + _OWN_PATIENCE_EACH * self._ended
        while True:
            began = time.monotonic()
            if not self._pipe.poll(max(0.0, patience)):
                return store.describe_error()
            patience -= time.monotonic() - began
            answer, text = self._pipe.recv()
            if answer == _DONE:
                return str(text)
            # MLflow is imported: from now on it is the server that is slow.
            patience = own if store.is_own() else _PATIENCE

    def _tell(self, verb: str, id: str) -> None:
        self.start()
        with suppress(OSError):  # it died; `close` says so
            self._pipe.send((verb, id))


class NullPublisher(Publisher):
    """Publishes nothing: for a process whose experiments its leader publishes."""

    def start(self) -> None:
        """Do nothing."""

    def _tell(self, verb: str, id: str) -> None:
        pass


@dataclass
class _Running:
    """An experiment that runs.

    Attributes:
        record: its record.
        run: the id of its run in MLflow.
        read: how many bytes of each task's metrics were read.
        sent: how many metrics of each task were sent.
    """

    record: ExperimentRecord
    run: str
    read: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


class _Follower:
    """Writes to MLflow what it is told of, one after another.

    Attributes:
        why: why something could not be written; empty if all was.
    """

    def __init__(self) -> None:
        from labkart.tracking import publish

        self._publish = publish
        self._store: tuple[MlflowClient, str] | None = None
        self._running: dict[str, _Running] = {}
        self._study: str | None = None
        self._away = False
        self.why = ""

    def begin(self, id: str) -> None:
        record = read_experiment(id)
        if record and record.status == "running":
            try:
                run = self._publish.begin(*self._connect(), record)
                self._running[id] = _Running(record, run)
            except Exception:  # it is tried again at the end
                store.write_run_link(record, "", whole=False)  # so that no task waits for the run

    def look(self) -> None:
        """Send what tasks have logged since the last look."""
        with suppress(Exception):  # at the end all is sent that is missing
            for running in self._running.values():
                for use in running.record.tasks:
                    if use.state != "cached":
                        self._send_metrics(running, use)

    def _send_metrics(self, running: _Running, use: TaskRun) -> None:
        begin = running.read.get(use.id, 0)
        metrics, end = live_metrics.read_metrics(use.name, use.id, begin)
        if metrics:
            entities = self._publish.entities.metrics(running.record, use, metrics)
            self._publish.log(self._connect()[0], running.run, entities)
            running.read[use.id] = end
            running.sent[use.id] = running.sent.get(use.id, 0) + len(metrics)

    def end(self, id: str) -> None:
        running = self._running.pop(id, None)
        record = read_experiment(id)
        if record and not self._away:
            sent = running.sent if running else {}
            with self._explain_errors():  # the others may be written
                self._publish.publish(*self._connect(), record, sent)

    def search(self, name: str) -> None:
        if record := study.read_study(name):
            self._study = name
            with suppress(Exception):  # it is tried again at the end
                self._publish.studies.begin(*self._connect(), record)

    def searched(self, name: str) -> None:
        self._study = None
        record = study.read_study(name)
        if record and not self._away:
            with self._explain_errors():
                self._publish.studies.publish(*self._connect(), record)

    def nest(self, id: str) -> None:
        record = read_experiment(id)
        with suppress(Exception):  # the study's end does it again
            if record and (parent := store.study_run(record.study)):
                self._publish.studies.nest(self._connect()[0], record, parent)

    def abandon(self) -> None:
        """Close what the process that ran the tasks has left open: it has died."""
        record = study.read_study(self._study) if self._study else None
        if record:
            record.status, record.ended = "killed", current_time()
            record.write()
            self.searched(record.name)
        for abandoned in leftovers.close_abandoned_experiments():
            self.end(abandoned.id)

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.why, self._away = store.describe_error(error), store.is_away(error)

    def _connect(self) -> "tuple[MlflowClient, str]":
        if self._store is None:
            self._store = self._publish.open_store()
        return self._store


def _follow(pipe: Connection, other_end: Connection) -> None:
    """What the forked process does, until it is told to close or its leader dies."""
    other_end.close()  # so that the pipe ends when the leader does
    # Signals are for the whole group of processes; the leader says when to end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    messages: SimpleQueue[tuple[str, str]] = SimpleQueue()
    ended = set[str]()
    Thread(target=_receive, args=(pipe, messages, ended), daemon=True).start()
    follower = _Follower()
    pipe.send((_READY, ""))
    while True:
        try:
            verb, id = messages.get(timeout=_INTERVAL)
        except Empty:
            follower.look()
            continue
        if verb == "begin" and id not in ended:  # else it is written as a whole
            follower.begin(id)
        elif verb in ("end", "search", "searched", "nest"):
            getattr(follower, verb)(id)
        elif verb == "died":
            with suppress(Exception):
                follower.abandon()
            return
        elif verb == "close":
            pipe.send((_DONE, follower.why))
            return


def _receive(pipe: Connection, messages: "SimpleQueue[tuple[str, str]]", ended: set[str]) -> None:
    """Take messages as they come, so that the process that runs tasks never waits for MLflow."""
    with suppress(EOFError, OSError):
        while True:
            verb, id = pipe.recv()
            if verb == "end":
                ended.add(id)
            messages.put((verb, id))
    messages.put(("died", ""))
