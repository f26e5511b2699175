"""What MLflow shows of an experiment that runs: the metrics and the logs of its tasks."""

import time

from mlflow import MlflowClient

from labkart import digests
from labkart.digests import Stamp
from labkart.records import live_metrics
from labkart.records.names import MetricNames
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.tracking import artifacts, entities, store

_PAUSE = 2.0  # seconds between two uploads of logs at least,
_REST = 20  # and so many times as long as the last one took


class LiveRun:
    """An experiment that runs.

    Args:
        client: of the store.
        record: of the experiment.
        run: the id of its run in MLflow.

    Attributes:
        sent: how many metrics of each task were sent, by the task's id.
    """

    def __init__(self, client: MlflowClient, record: ExperimentRecord, run: str) -> None:
        self.record, self.sent = record, dict[str, int]()
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
            self._due = now + max(_PAUSE, _REST * (now - began))

    def _send_metrics(self, use: TaskRun) -> None:
        metrics, end = live_metrics.read_metrics(use.name, use.id, self._read.get(use.id, 0))
        if metrics:
            points = entities.metrics(MetricNames(self.record), use, metrics)
            self._client.log_batch(self._run, points)
            self._read[use.id] = end
            self.sent[use.id] = self.sent.get(use.id, 0) + len(metrics)

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
