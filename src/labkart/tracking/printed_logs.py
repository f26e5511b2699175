"""The logs of an experiment's tasks among its files in MLflow, also while the tasks run."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from labkart import digests, project
from labkart.digests import Stamp
from labkart.records import task_log
from labkart.records.record import ExperimentRecord
from labkart.tracking import store

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PAUSE = 2.0  # seconds between two uploads at least,
_REST = 20  # and so many times as long as the last one took


def place(folder: Path, experiment: ExperimentRecord) -> None:
    """Put the logs into a folder that has the experiment's files, without a copy if possible."""
    for label, log in _logs(experiment):
        name = folder / label / task_log.NAME
        name.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the task runs again
            if name.exists() and name.samefile(log):
                continue
            name.unlink(missing_ok=True)
            try:
                os.link(log, name)
            except OSError:  # on another disk
                shutil.copyfile(log, name)


def _logs(experiment: ExperimentRecord) -> Iterator[tuple[str, Path]]:
    for use in experiment.tasks:
        if log := task_log.find(experiment, use):
            yield use.label, log


class LiveLogs:
    """The logs of an experiment that runs.

    Args:
        run: the id of its run in MLflow.
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self._sent = dict[str, Stamp | None]()
        self._due = 0.0

    def send(self, client: "MlflowClient", experiment: ExperimentRecord) -> None:
        """Let MLflow have what was printed until now."""
        if store.is_own():
            place(project.current().outputs / "artifacts" / self._run / "artifacts", experiment)
        elif time.monotonic() >= self._due:
            began = time.monotonic()
            for label, log in _logs(experiment):
                stamp = digests.stamp(log)
                if self._sent.get(label) != stamp:
                    client.log_artifact(self._run, str(log), label)
                    self._sent[label] = stamp
            now = time.monotonic()
            self._due = now + max(_PAUSE, _REST * (now - began))
