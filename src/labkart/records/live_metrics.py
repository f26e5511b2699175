"""The metrics of a task that runs: a line each, from the moment that they are logged until MLflow has them."""

import json
import os
from contextlib import suppress
from pathlib import Path

from labkart.records.record import Metric, task_folder

_NAME = ".metrics.jsonl"


def append(folder: Path, metric: Metric) -> None:
    """Add a metric to those of the task whose folder it is."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NAME).open("a") as file:
        file.write(json.dumps(metric) + "\n")


def read_metrics(name: str, id: str, start: int = 0) -> tuple[list[Metric], int]:
    """What a task that runs, or was killed, has logged after `start` bytes; and where to go on, after a line."""
    file, found = task_folder(name, id) / _NAME, list[Metric]()
    if not file.exists():
        return found, start
    with suppress(OSError), file.open("rb") as lines:
        lines.seek(start if lines.seek(0, os.SEEK_END) >= start else 0)
        for line in lines:
            if line.endswith(b"\n"):
                found.append(Metric(*json.loads(line)))
                start = lines.tell()
    return found, start


def forget(folder: Path) -> None:
    """MLflow has them."""
    (folder / _NAME).unlink(missing_ok=True)
