"""A process of its own writes experiments to MLflow while their tasks run: what MLflow costs, no task waits for."""

import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from labkart.experiments import experiment
from labkart.records import live_metrics, study
from labkart.records.record import ExperimentRecord, current_time, read_experiment
from labkart.records.study import Study
from labkart.tracking import store

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PATIENCE = (
    4.0  # seconds in all for which a computation is held up by a server, which may be slow or away
)
_OWN_PATIENCE = (
    120.0  # ... and by the import of MLflow and the project's own file, which cannot be away
)
_EACH = 0.5  # ... and by each experiment that is written to that file
_OFTEN = 0.5  # seconds between two looks at what was logged
_READY, _DONE = "ready", "done"


class Publisher:
    """Tells the other process which experiments begin and end. It is forked, for then it has most imports already."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._ended = 0

    def start(self) -> None:
        """Begin to import MLflow."""
        if not self._process:
            linux = sys.platform == "linux"
            context = (
                multiprocessing.get_context("fork")
                if linux
                else multiprocessing.get_context("spawn")
            )
            self._pipe, theirs = context.Pipe()
            process = context.Process(target=_follow, args=(theirs, self._pipe), daemon=True)
            process.start()
            theirs.close()
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
        """An experiment that is in MLflow already turned out to be a trial, too."""
        self._tell("nest", record.id)

    def close(self) -> str:
        """Wait until everything is in MLflow, within reason; returns why something is not."""
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
        """What the other process says when it has written all, or could not."""
        own = patience = _OWN_PATIENCE + _EACH * self._ended
        while True:
            began = time.monotonic()
            if not self._pipe.poll(max(0.0, patience)):
                return store.describe_error()
            patience -= time.monotonic() - began
            what, text = self._pipe.recv()
            if what == _DONE:
                return str(text)
            # MLflow is imported: from now on it is the server that is slow.
            patience = own if store.is_own() else _PATIENCE

    def _tell(self, what: str, id: str) -> None:
        self.start()
        with suppress(OSError):  # it died; `close` says so
            self._pipe.send((what, id))


class NullPublisher(Publisher):
    """In a process that somebody leads who publishes what comes of it."""

    def start(self) -> None:
        pass

    def _tell(self, what: str, id: str) -> None:
        pass


@dataclass
class _Open:
    """An experiment that runs: its run in MLflow, and how much of each task's metrics is there, in bytes and in all."""

    record: ExperimentRecord
    run: str
    read: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


class _Follower:
    """Writes to MLflow what it is told of, one after another."""

    def __init__(self) -> None:
        from labkart.tracking import publish

        self._tracking = publish
        self._store: tuple[MlflowClient, str] | None = None
        self._open: dict[str, _Open] = {}
        self._study: str | None = None
        self._away = False
        self.why = ""

    def begin(self, id: str) -> None:
        record = read_experiment(id)
        if record and record.status == "running":
            try:
                self._open[id] = _Open(record, self._tracking.begin(*self._connected(), record))
            except Exception:  # it is tried again at the end
                store.write_run_link(record, "", whole=False)  # so that no task waits for the run

    def look(self) -> None:
        """Send what tasks have logged since the last look."""
        with suppress(Exception):  # at the end all is sent that is not there
            for each in self._open.values():
                for use in [use for use in each.record.tasks if use.state != "cached"]:
                    new, read = live_metrics.read_metrics(
                        use.name, use.id, each.read.get(use.id, 0)
                    )
                    if new:
                        metrics = self._tracking.entities.metrics(each.record, use, new)
                        self._tracking.log(self._connected()[0], each.run, metrics)
                        each.read[use.id], each.sent[use.id] = (
                            read,
                            each.sent.get(use.id, 0) + len(new),
                        )

    def end(self, id: str) -> None:
        begun = self._open.pop(id, None)
        if self._away or not (record := read_experiment(id)):
            return
        try:
            self._tracking.publish(*self._connected(), record, begun.sent if begun else {})
        except Exception as error:  # the others may be written
            self.why, self._away = store.describe_error(error), store.is_away(error)

    def search(self, name: str) -> None:
        if found := study.read_study(name):
            self._study = name
            with suppress(Exception):  # it is tried again at the end
                self._tracking.studies.begin(*self._connected(), found)

    def searched(self, name: str) -> None:
        self._study = None
        if self._away or not (found := study.read_study(name)):
            return
        try:
            self._tracking.studies.publish(*self._connected(), found)
        except Exception as error:
            self.why, self._away = store.describe_error(error), store.is_away(error)

    def nest(self, id: str) -> None:
        record = read_experiment(id)
        with suppress(Exception):  # the study's end does it again
            if record and (parent := study.run(record.study)):
                self._tracking.studies.nest(self._connected()[0], record, parent)

    def abandon(self) -> None:
        """The process that ran them has died."""
        if self._study and (found := study.read_study(self._study)):
            found.status, found.ended = "killed", current_time()
            found.write()
            self.searched(found.name)
        for record in experiment.close_abandoned():
            self.end(record.id)

    def _connected(self) -> "tuple[MlflowClient, str]":
        found = self._store = self._store or self._tracking.open_store()
        return found


def _follow(pipe: Connection, others: Connection) -> None:
    others.close()  # so that the end of the one who leads is the end of the pipe
    for asked in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # of the whole group; the one who leads says when
        signal.signal(asked, signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    told: SimpleQueue[tuple[str, str]] = SimpleQueue()
    ended = set[str]()
    Thread(target=_listen, args=(pipe, told, ended), daemon=True).start()
    follower = _Follower()
    pipe.send((_READY, ""))
    while True:
        try:
            what, id = told.get(timeout=_OFTEN)
        except Empty:
            follower.look()
            continue
        if what == "begin" and id not in ended:  # else it is written as a whole
            follower.begin(id)
        elif what in ("end", "search", "searched", "nest"):
            getattr(follower, what)(id)
        elif what == "died":
            with suppress(Exception):
                follower.abandon()
            return
        elif what == "close":
            pipe.send((_DONE, follower.why))
            return


def _listen(pipe: Connection, told: "SimpleQueue[tuple[str, str]]", ended: set[str]) -> None:
    """Take what comes at once, so that the one who runs tasks never waits for MLflow."""
    with suppress(EOFError, OSError):
        while True:
            what, id = pipe.recv()
            if what == "end":
                ended.add(id)
            told.put((what, id))
    told.put(("died", ""))
