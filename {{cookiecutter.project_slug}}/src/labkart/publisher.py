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
from typing import TYPE_CHECKING

from . import experiment, store, study
from .record import ExperimentRecord, live_metrics, now, read_experiment
from .study import Study

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PATIENCE = 4.0  # seconds in all for which a computation is held up by a server, which may be slow or away
_OWN_PATIENCE = 120.0  # ... and by the import of MLflow and the project's own file, which cannot be away
_OFTEN = 0.5  # seconds between two looks at what was logged
_READY, _WHOLE, _FAILED = "ready", "whole", "failed"


class Publisher:
    """Tells the other process which experiments begin and end. It is forked, for then it has most imports already."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._left: set[str] = set()

    def start(self) -> None:
        """Begin to import MLflow."""
        if not self._process:
            linux = sys.platform == "linux"
            context = multiprocessing.get_context("fork") if linux else multiprocessing.get_context("spawn")
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
        self._left.add(record.id)
        self._tell("end", record.id)

    def search(self, study: Study) -> None:
        """A search begins: its trials' runs will stand below one of its own."""
        self._tell("search", study.name)

    def searched(self, study: Study) -> None:
        """A search has ended and its record is complete."""
        self._left.add(study.name)
        self._tell("searched", study.name)

    def nest(self, record: ExperimentRecord) -> None:
        """An experiment that is in MLflow already turned out to be a trial, too."""
        self._tell("nest", record.id)

    def close(self) -> str:
        """Wait until everything is in MLflow, within reason; returns why something is not."""
        if not self._process:
            return ""
        why, patience = store.why(), _OWN_PATIENCE
        try:
            while self._left:
                began = time.monotonic()
                if not self._pipe.poll(max(0.0, patience)):
                    break
                patience -= time.monotonic() - began
                what, text = self._pipe.recv()
                if what == _FAILED:
                    why = text
                    break
                if what == _READY:  # MLflow is imported: from now on it is the server that is slow
                    patience = _OWN_PATIENCE if store.is_own() else _PATIENCE
                self._left -= {text} if what == _WHOLE else set()
        except (EOFError, OSError):
            why = "the process that writes to it has died"
        finally:
            if not self._left:
                self._tell("close", "")
                self._process.join(_PATIENCE)
            self._process.kill()
        return why if self._left else ""

    def _tell(self, what: str, id: str) -> None:
        self.start()
        with suppress(OSError):  # it died; `close` says so
            self._pipe.send((what, id))


@dataclass
class _Open:
    """An experiment that runs: its run in MLflow, and how much of each task's metrics is there, in bytes and in all."""

    record: ExperimentRecord
    run: str
    read: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


class _Follower:
    def __init__(self, pipe: Connection) -> None:
        from . import tracking

        self._pipe, self._tracking = pipe, tracking
        self._store: tuple[MlflowClient, str] | None = None
        self._open: dict[str, _Open] = {}
        self._study: str | None = None
        self.say(_READY)

    def begin(self, id: str) -> None:
        record = read_experiment(id)
        if record and record.status == "running":
            try:
                self._open[id] = _Open(record, self._tracking.begin(*self._connected(), record))
            except Exception:
                store.note(record, "", whole=False)  # so that no task waits for the run
                raise

    def look(self) -> None:
        """Send what tasks have logged since the last look."""
        for each in self._open.values():
            for use in [use for use in each.record.tasks if use.state != "cached"]:
                new, read = live_metrics(use.name, use.id, each.read.get(use.id, 0))
                if new:
                    metrics = self._tracking.entities.metrics(each.record, use, new)
                    self._tracking.log(self._connected()[0], each.run, metrics)
                    each.read[use.id], each.sent[use.id] = read, each.sent.get(use.id, 0) + len(new)

    def end(self, id: str) -> None:
        live = self._open.pop(id, None)
        if record := read_experiment(id):
            self._tracking.publish(*self._connected(), record, live.sent if live else {})
        self.say(_WHOLE, id)

    def search(self, name: str) -> None:
        if found := study.read(name):
            self._study = name
            self._tracking.nesting.begin(*self._connected(), found)

    def searched(self, name: str) -> None:
        self._study = None
        if found := study.read(name):
            self._tracking.nesting.publish(*self._connected(), found)
        self.say(_WHOLE, name)

    def nest(self, id: str) -> None:
        record = read_experiment(id)
        if record and (parent := study.run(record.study)):
            self._tracking.nesting.nest(self._connected()[0], record, parent)

    def abandon(self) -> None:
        """The process that ran them has died."""
        if self._study and (found := study.read(self._study)):
            found.status, found.ended = "killed", now()
            found.write()
            self.searched(found.name)
        for record in experiment.close_abandoned():
            self.end(record.id)

    def say(self, what: str, text: str = "") -> None:
        with suppress(OSError):  # nobody listens any more
            self._pipe.send((what, text))

    def _connected(self) -> "tuple[MlflowClient, str]":
        found = self._store = self._store or self._tracking.open_store()
        return found


def _follow(pipe: Connection, others: Connection) -> None:
    others.close()  # so that the end of the one who leads is the end of the pipe
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # of the whole group; the one who leads says when
        signal.signal(asked, signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    follower, what, id = _Follower(pipe), "", ""
    while what != "close":
        try:
            if pipe.poll(_OFTEN):
                what, id = pipe.recv()
                does = {"begin": follower.begin, "end": follower.end, "nest": follower.nest}
                does |= {"search": follower.search, "searched": follower.searched}
                does.get(what, str)(id)
            else:
                what = ""
                follower.look()
        except EOFError:
            with suppress(Exception):
                follower.abandon()
            return
        except Exception as error:
            if what in ("end", "searched"):  # else it is tried again at the end
                follower.say(_FAILED, store.why(error))
