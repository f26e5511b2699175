"""What a task told MLflow by MLflow's own functions, as dataclasses and as a file.

It is in the folder `mlflow` beside the task's record, with the files that the task logged. Knows no
MLflow but which names it takes.
"""

import hashlib
import json
import logging
import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from labkart.files import encode_json, read_json, read_text, write_atomically
from labkart.language import translate
from labkart.records.record import Metric
from labkart.records.record_file import from_json

FOLDER = "mlflow"
_NAME = "log.json"
_NAMES = "names.jsonl"
_MAX_NAME = 250  # characters
_NOT_IN_A_NAME = re.compile(r"[^\w.:/ -]+")

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Logged:
    """What runs and models have in common.

    Attributes:
        key: the id in the store of the task's own.
        artifacts: the folder of the files, below the log's.
    """

    key: str
    name: str
    status: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    artifacts: str = ""

    def __post_init__(self) -> None:
        self.metrics = [Metric.of(metric) for metric in self.metrics]


@dataclass(kw_only=True)
class LoggedRun(_Logged):
    """A run that the task started. Its metrics are whole histories.

    Attributes:
        parent: the key of the run above it; None stands for the run of the experiment.
        started: in milliseconds since 1970, as is `ended`.
        inputs: the data sets, as MLflow describes them.
    """

    parent: str | None
    started: int
    ended: int
    inputs: list[dict[str, Any]]


@dataclass(kw_only=True)
class LoggedModel(_Logged):
    """A model that the task logged. Its metrics are those that MLflow shows with it.

    Attributes:
        run: the key of the run that logged it; None stands for the run of the experiment.
    """

    type: str | None = None
    run: str | None = None
    step: int = 0


@dataclass
class MlflowLog:
    """What a task told MLflow.

    Attributes:
        outer: the runs that are the experiment's own; their metrics are in the task's record.
        runs: the runs below it.
        models: the models of all of them.
    """

    outer: list[LoggedRun] = field(default_factory=list)
    runs: list[LoggedRun] = field(default_factory=list)
    models: list[LoggedModel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outer = from_json(LoggedRun, self.outer)
        self.runs = from_json(LoggedRun, self.runs)
        self.models = from_json(LoggedModel, self.models)

    def take_metrics(self) -> list[Metric]:
        """Take the metrics of the experiment's own run out of it, for the task's record."""
        metrics = [metric for run in self.outer for metric in run.metrics]
        for run in self.outer:
            run.metrics = []
        return metrics

    def write(self, folder: Path) -> None:
        """Write it beside a task's record."""
        write_atomically(folder / FOLDER / _NAME, encode_json(self, indent=None))


def read_log(folder: Path) -> MlflowLog | None:
    """The log beside a task's record; None if the task told MLflow nothing."""
    try:
        return MlflowLog(**read_json(folder / FOLDER / _NAME))
    except (TypeError, ValueError):
        return None


def keep_name(folder: Path, name: str) -> None:
    """Remember a name that MLflow refuses while the task runs."""
    with (folder / FOLDER / _NAMES).open("ab") as file:
        file.write(encode_json(name, indent=None))


def kept_names(folder: Path) -> dict[str, str]:
    """The names that were kept, by those that the task's own store has in their place."""
    lines = read_text(folder / FOLDER / _NAMES).splitlines()
    return {unique_name(name): name for name in map(json.loads, lines)}


def stores(folder: Path) -> list[Path]:
    """The store beside the record of a task that tells MLflow something now, or was killed."""
    return list((folder / FOLDER).glob("*.db"))


def forget_stores(folder: Path) -> None:
    """Remove what only the running task needed."""
    for file in (folder / FOLDER).glob("*.db*"):
        file.unlink(missing_ok=True)
    (folder / FOLDER / _NAMES).unlink(missing_ok=True)


def accepted_name(name: str) -> str:
    """The name itself if MLflow takes it, else one like it that MLflow takes."""
    text = _NOT_IN_A_NAME.sub("_", name) or "_"
    is_above = text == "." or text.startswith(("..", "/"))
    if is_above or posixpath.normpath(text) != text:  # it reads names as paths
        text = text.replace("/", "_").replace(".", "_")
    return text if len(text) <= _MAX_NAME else unique_name(name)


def unique_name(name: str) -> str:
    """A name that MLflow takes, with a digest of the name itself."""
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8]
    text = accepted_name(name[: _MAX_NAME - 9])
    return f"{text}_{digest}"


def accepted_names(names: Iterable[str]) -> dict[str, str]:
    """A name that MLflow takes for each name, and for no other."""
    accepted = {name: accepted_name(name) for name in names}
    counts = Counter(accepted.values())
    for name, text in accepted.items():
        if name != text and counts[text] > 1:
            accepted[name] = unique_name(name)
    return accepted


@cache
def warn_of_name(name: str) -> None:
    """Tell the person that MLflow refuses a name; a process does so once."""
    _log.warning(
        translate(
            'MLflow takes no name "{name}": it shows {shown}.',
            name=name,
            shown=accepted_name(name),
        )
    )
