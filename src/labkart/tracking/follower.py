"""Writes to MLflow what it lacks of the records, while tasks run and when a command ends.

Imports MLflow, which is slow: see `publisher` for the process in which this happens.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from filelock import Timeout
from mlflow import MlflowClient

from labkart import digests
from labkart.digests import Stamp
from labkart.records import leftovers, live_metrics, unpublished
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRun, read_experiment
from labkart.tracking import artifacts, connection, entities, experiment_run, store, study_run
from labkart.tracking.entities import Point
from labkart.tracking.store import OpenStore

# Seconds of computing at the end of a command for the project's own file, and for a server, for
# which the command itself waits no longer.
_OWN_PATIENCE, _SERVER_PATIENCE = 2.5, 120.0
_LOCK_PATIENCE = 2.5
# Seconds between two looks at the records, and before a store that was away is tried again.
INTERVAL, _PAUSE = 0.5, 30.0
# Seconds after which MLflow shows what runs: what ends earlier costs half as much.
_SHORT = 2.0
# Seconds between two uploads of logs to a server at least, and so many times as long as the last
# one took.
_LOG_PAUSE, _LOG_REST = 2.0, 20
# Seconds that the tasks of a leader that died have to end.
_DEATH_PATIENCE = 60.0


class Follower:
    """Writes changed records, one after another.

    Args:
        is_told_to_close: whether it is time to finish.

    Attributes:
        why: why something could not be written; empty if all was.
    """

    def __init__(self, is_told_to_close: Callable[[], bool]) -> None:
        self._is_told_to_close = is_told_to_close
        self._store: OpenStore | None = None
        self._running: dict[str, LiveRun] = {}
        self._known: dict[str, int] = {}  # when records changed that were dealt with
        self._shortest = _SHORT
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
                running.send()

    def finish(self) -> None:
        """Write all that has ended, within reason; no tasks run any more."""
        self._known.clear()
        self._away_until, self.why = 0.0, ""
        with self._explain_errors():
            self._connect(_LOCK_PATIENCE)
        limit = time.process_time() + (_OWN_PATIENCE if store.is_own() else _SERVER_PATIENCE)
        self._write_all(lambda: time.process_time() > limit)

    def close_abandoned(self) -> None:
        """Complete and publish what the leader left as it died, once its tasks have ended, too."""
        end = time.monotonic() + _DEATH_PATIENCE
        self._shortest = 0.0  # what it knows of running experiments is what it waits for
        leftovers.close_abandoned()
        self.look()
        while self._running and time.monotonic() < end:
            time.sleep(INTERVAL / 5)
            leftovers.close_abandoned()
            self.look()

    def _write_all(self, is_over: Callable[[], bool]) -> None:
        """Write what has changed since it was last written, until that is over."""
        names = self._changed(unpublished.STUDIES)
        ids = self._changed(unpublished.EXPERIMENTS)
        steps = [(self._write_study, name) for name in names]  # above its trials
        steps += [(self._write, id) for id in ids]
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

    def _write_study(self, name: str) -> None:
        study_run.publish(self._connect(), name)

    def _write(self, id: str) -> None:
        opened = self._connect()  # also for one that is short: this takes time
        record = read_experiment(id)
        running = self._running.pop(id, None)
        if not record or record.status != "running":
            experiment_run.publish(opened, id, running.sent if running else ())
        elif running and running.record.started == record.started:
            self._running[id] = running
        elif time.time() < entities.milliseconds(record.started) / 1000 + self._shortest:
            del self._known[id]  # to be looked at again
        else:
            run = experiment_run.begin(opened, record)
            self._running[id] = LiveRun(opened.client, record, run)

    def _connect(self, patience: float = 0) -> OpenStore:
        if self._store is None:
            self._store = connection.connect(patience)
        return self._store

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.why = store.describe_error(error)
            if store.is_away(error) or self._store is None:
                self._known.clear()
                pause = INTERVAL if isinstance(error, Timeout) else _PAUSE
                self._away_until = time.monotonic() + pause


class LiveRun:
    """An experiment that runs.

    Args:
        client: of the store.
        record: of the experiment.
        run: the id of its run in MLflow.

    Attributes:
        sent: the points of metrics that were sent.
    """

    def __init__(self, client: MlflowClient, record: ExperimentRecord, run: str) -> None:
        self.record, self.sent = record, set[Point]()
        self._client, self._run = client, run
        self._read = dict[str, int]()  # bytes of each task's metrics
        self._logs = dict[str, Stamp | None]()
        self._due = 0.0

    def send(self) -> None:
        """Let MLflow have what the tasks have logged and printed until now."""
        for use in visible_tasks(self.record):
            self._send_metrics(use)
        if store.is_own():
            artifacts.place_logs(artifacts.own_folder(self._run), self.record)
        elif time.monotonic() >= self._due:
            began = time.monotonic()
            self._upload_logs()
            now = time.monotonic()
            self._due = now + max(_LOG_PAUSE, _LOG_REST * (now - began))

    def _send_metrics(self, use: TaskRun) -> None:
        metrics, end = live_metrics.read_metrics(use.name, use.id, self._read.get(use.id, 0))
        if metrics:
            points = entities.metrics(MetricNames(self.record), use, metrics)
            self._client.log_batch(self._run, points)
            self._read[use.id] = end
            self.sent.update(map(entities.point, points))

    def _upload_logs(self) -> None:
        for label, log in artifacts.logs(self.record):
            stamp = digests.stamp(log)
            if self._logs.get(label) != stamp:
                self._client.log_artifact(self._run, str(log), label)
                self._logs[label] = stamp


def visible_tasks(record: ExperimentRecord) -> list[TaskRun]:
    """The tasks whose metrics can be shown while they run.

    How those of several results are named depends on what all of them log.
    """
    results = set(record.results.values())
    hidden = results if len(results) > 1 else ()
    return [use for use in record.tasks if use.state != "cached" and use.label not in hidden]
