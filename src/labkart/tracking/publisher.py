"""A process of its own that writes records to MLflow while tasks run, which never wait for it.

It reads the records, and which of them MLflow lacks: nobody tells it of experiments. For a store
see `writer`.
"""

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from filelock import Timeout

from labkart import console
from labkart.language import translate, translate_count
from labkart.records import leftovers, live_metrics, unpublished
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment
from labkart.tracking import store
from labkart.tracking.printed_logs import LiveLogs
from labkart.wording import join_names

if TYPE_CHECKING:
    from labkart.tracking.writer import Writer

# Seconds for the import of MLflow, and to make a new store: neither can be away.
_START_PATIENCE = 120.0
# Seconds in all for which a command waits at its end for a server, which may be slow or away.
_PATIENCE = 4.0
# Seconds of computing for which it waits for the project's own file, and seconds by the clock in
# case another process holds that file.
_OWN_PATIENCE, _OWN_LIMIT = 2.5, 60.0
_LOCK_PATIENCE = 2.5
# Seconds between two looks at the records, and before a store that was away is tried again.
_INTERVAL, _PAUSE = 0.5, 30.0
# Seconds after which MLflow shows what runs: what ends earlier costs half as much.
_SHORT = 2.0
# Seconds that the tasks of a leader that died have to end.
_DEATH_PATIENCE = 60.0
_READY = "ready"


class Publisher:
    """Writes to MLflow in another process.

    That process is forked on Linux: then it has most imports already. Whoever forks it must not
    hold marks of experiments yet: they would last as long as that process.
    """

    def __init__(self) -> None:
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Begin to import MLflow, and to publish what changes."""
        if not self._process:
            method = "fork" if sys.platform == "linux" else "spawn"
            context: Any = multiprocessing.get_context(method)
            self._pipe, other_end = context.Pipe()
            process = context.Process(target=_follow, args=(other_end, os.getpid()), daemon=True)
            process.start()
            other_end.close()
            self._process = process

    def close(self) -> bool:
        """Wait, within reason, until MLflow has everything, and say so if it has not.

        Returns:
            Whether it has everything.
        """
        reason, records = "", store.missing()
        if records:
            self.start()
            with console.busy(translate("writing to MLflow: {counts}", counts=_count(records))):
                reason = self._wait() or store.describe_error()
            records = store.missing()
        if self._process:
            self._process.kill()
            self._process.join()
        if records:
            console.warn(
                translate(
                    "  Not in MLflow yet ({reason}): {counts}."
                    " The records have it all; {command} publishes it.",
                    reason=reason,
                    counts=_count(records),
                    command=console.command("sync"),
                )
            )
        return not records

    def _wait(self) -> str:
        """Why the other process could not write something; empty if it did not say."""
        patience = _START_PATIENCE
        try:
            self._pipe.send(None)
            while self._pipe.poll(patience):
                answer = str(self._pipe.recv())
                if answer != _READY:
                    return answer
                patience = _OWN_LIMIT if store.is_own() else _PATIENCE
        except (EOFError, OSError):
            return translate("the process that writes to it has died")
        return ""


def _count(records: Sequence[store.HasRun]) -> str:
    """Such as "2 experiments and 1 search"."""
    experiments = sum(isinstance(record, ExperimentRecord) for record in records)
    searches = len(records) - experiments
    counts = list[str]()
    if experiments:
        counts.append(translate_count("{count} experiment", "{count} experiments", experiments))
    if searches:
        counts.append(translate_count("{count} search", "{count} searches", searches))
    return join_names(counts)


@dataclass
class _Running:
    """An experiment that runs.

    Attributes:
        record: its record.
        run: the id of its run in MLflow.
        logs: those of its tasks.
        read: how many bytes of each task's metrics were read.
        sent: how many metrics of each task were sent.
    """

    record: ExperimentRecord
    run: str
    logs: LiveLogs
    read: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


class _Follower:
    """Writes to MLflow what it lacks of the records, one after another.

    Args:
        is_told_to_close: whether it is time to finish.

    Attributes:
        why: why something could not be written; empty if all was.
    """

    def __init__(self, is_told_to_close: Callable[[], bool]) -> None:
        from labkart.tracking import entities, writer

        self._milliseconds, self._shortest = entities.milliseconds, 1000 * _SHORT
        self._is_told_to_close = is_told_to_close
        self._new_writer, self._new_metrics = writer.Writer, entities.metrics
        self._writer: Writer | None = None
        self._running: dict[str, _Running] = {}
        self._known: dict[str, int] = {}  # when records changed that were dealt with
        self._away_until = 0.0
        self.why = ""

    def look(self) -> None:
        """Write what has changed since the last look, and what running tasks have logged."""
        if time.monotonic() < self._away_until:
            return
        self._away_until = 0.0
        self._write_all(self._is_told_to_close)
        with suppress(Exception):  # at the end all is sent that is missing
            for running in self._running.values():
                for use in _visible_tasks(running.record):
                    self._send_metrics(running, use)
                running.logs.send(self._connect().client, running.record)

    def finish(self) -> None:
        """Write all that has ended, within reason; no tasks run any more."""
        self._known.clear()
        self._away_until, self.why = 0.0, ""
        with self._explain_errors():
            self._connect(_LOCK_PATIENCE)
        limit = time.process_time() + (_OWN_PATIENCE if store.is_own() else _START_PATIENCE)
        self._write_all(lambda: time.process_time() > limit)

    def close_abandoned(self) -> None:
        """Complete and publish what the leader left as it died, once its tasks have ended, too."""
        end = time.monotonic() + _DEATH_PATIENCE
        self._shortest = 0.0  # what it knows of running experiments is what it waits for
        leftovers.close_abandoned()
        self.look()
        while self._running and time.monotonic() < end:
            time.sleep(_INTERVAL / 5)
            leftovers.close_abandoned()
            self.look()

    def _write_all(self, is_over: Callable[[], bool]) -> None:
        """Write what has changed since it was last written, until that is over."""
        names = self._changed(unpublished.STUDIES)
        ids = self._changed(unpublished.EXPERIMENTS)
        steps = [(self._begin_study, name) for name in names]  # above its trials
        steps += [(self._write, id) for id in ids]
        steps += [(self._write_study, name) for name in names]
        for write, name in steps:
            if self._away_until or is_over():
                return
            with self._explain_errors():  # the others may be written
                write(name)

    def _changed(self, kind: str) -> list[str]:
        times = unpublished.times(kind)
        names = [name for name, time in times.items() if self._known.get(name) != time]
        self._known |= times
        return names

    def _write(self, id: str) -> None:
        record = read_experiment(id)
        running = self._running.pop(id, None)
        if not record or record.status != "running":
            self._connect().write(id, running.sent if running else None)
        elif running and running.record.started == record.started:
            self._running[id] = running
        elif 1000 * time.time() < self._milliseconds(record.started) + self._shortest:
            del self._known[id]  # to be looked at again
        else:
            run = self._connect().begin(record)
            self._running[id] = _Running(record, run, LiveLogs(run))

    def _begin_study(self, name: str) -> None:
        self._connect().begin_study(name)

    def _write_study(self, name: str) -> None:
        self._connect().write_study(name)

    def _send_metrics(self, running: _Running, use: TaskRun) -> None:
        begin = running.read.get(use.id, 0)
        metrics, end = live_metrics.read_metrics(use.name, use.id, begin)
        if metrics:
            names = MetricNames(running.record)
            # Those that the store has already are not doubled.
            entities = self._new_metrics(names, use, metrics)
            self._connect().client.log_batch(running.run, entities)
            running.read[use.id] = end
            running.sent[use.id] = running.sent.get(use.id, 0) + len(metrics)

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.why = store.describe_error(error)
            if store.is_away(error) or self._writer is None:
                self._known.clear()
                pause = _INTERVAL if isinstance(error, Timeout) else _PAUSE
                self._away_until = time.monotonic() + pause

    def _connect(self, patience: float = 0) -> "Writer":
        if self._writer is None:
            self._writer = self._new_writer(patience)
        return self._writer


def _visible_tasks(record: ExperimentRecord) -> list[TaskRun]:
    """The tasks whose metrics can be shown while they run.

    How those of several results are named depends on what all of them log.
    """
    results = set(record.results.values())
    hidden = results if len(results) > 1 else ()
    return [use for use in record.tasks if use.state != "cached" and use.label not in hidden]


def _follow(pipe: Connection, leader: int) -> None:
    """What the other process does, until it is told to close or its leader dies."""
    # Signals are for the whole group of processes; the leader says when to end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    gc.disable()
    follower = _Follower(lambda: pipe.poll(0))
    gc.freeze()
    gc.enable()
    while os.getppid() == leader and not pipe.poll(_INTERVAL):
        follower.look()
    if os.getppid() != leader:
        follower.close_abandoned()
        return
    pipe.send(_READY)
    follower.finish()
    pipe.send(follower.why)
