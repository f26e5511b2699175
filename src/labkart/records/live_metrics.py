"""The metrics of a running task: one line of a file per metric, until MLflow has them."""

import json
import os
from contextlib import suppress
from pathlib import Path

from labkart.files import encode_json
from labkart.records.record import Metric, task_folder

_NAME = ".metrics.jsonl"


def append(folder: Path, metric: Metric) -> None:
    """Add a metric of the task whose folder this is."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NAME).open("ab") as file:
        file.write(encode_json(metric, indent=None))


def read_metrics(name: str, id: str, start: int = 0) -> tuple[list[Metric], int]:
    """The metrics that a task has logged since an earlier call; it may run or have been killed.

    `start` is where the earlier call ended, in bytes; the second value is where this one ended.
    """
    metrics = list[Metric]()
    with suppress(OSError), (task_folder(name, id) / _NAME).open("rb") as lines:
        size = lines.seek(0, os.SEEK_END)
        lines.seek(start if start <= size else 0)  # a shorter file is one of a new run
        for line in lines:
            if line.endswith(b"\n"):
                metrics.append(Metric.of(json.loads(line)))
                start = lines.tell()
    return metrics, start


def forget(folder: Path) -> None:
    """Remove the metrics of the task whose folder this is: MLflow has them."""
    (folder / _NAME).unlink(missing_ok=True)
