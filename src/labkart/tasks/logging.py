"""What a task logs while it runs: metrics, figures, tables, models. Knows no MLflow."""

import operator
import pickle
import posixpath
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkart.errors import LabkartError
from labkart.records import live_metrics
from labkart.records.record import Metric
from labkart.tasks import pruning

# What MLflow accepts, with room for the task's name before it.
_METRIC_NAME = re.compile(r"[\w.:/ -]{1,200}")
_FILE_NAME = re.compile(r"[\w. -]*\w")


class TaskLogger:
    """The part of a task that students log with."""

    _metrics: list[Metric]
    _figures: list[str]
    _tables: list[str]
    _models: list[str]

    # A cell of a DataFrame may be many things to a type checker, and float() takes few of them: so
    # values are Any.

    def log_metric(self, name: str, value: Any, step: int | None = None) -> None:
        """Record a number, also one of numpy, pandas or PyTorch.

        Args:
            name: letters, digits, spaces and _ - . : /
            value: anything that `float()` takes.
            step: the epoch or iteration; with steps the metric becomes a curve.

        Raises:
            LabkartError: the name has other characters, or the value is not a number.
        """
        _check_metric_name(name)
        try:
            number = None if step is None else operator.index(step)
            if number is not None and abs(number) >= 2**63:
                raise ValueError
            metric = Metric(name, float(value), number, time.time())
        except (TypeError, ValueError):
            problem = f"must be one number, got {value!r}"
            if step is not None:
                problem = f"must be one number at an integer step, got {value!r} at step {step!r}"
            raise LabkartError(f'Metric "{name}" {problem}.') from None
        self._metrics.append(metric)
        with suppress(OSError):  # if the disk is full, writing the record will fail with a message
            live_metrics.append(self._folder(), metric)

    def report(self, value: Any, step: int, name: str = "report") -> None:
        """Record how good the result is after a step (epoch, fold): the metric `name`.

        In a search that prunes, a trial which falls behind the others ends here.
        """
        self.log_metric(name, value, step)
        pruning.prune_if_behind(float(value), operator.index(step))

    def log_figure(self, name: str, figure: Any) -> None:
        """Record a Matplotlib figure, as PNG unless the name ends otherwise (`roc.svg`)."""
        path = self._new_file(name, ".png", ".svg", ".pdf")
        figure.savefig(path, bbox_inches="tight")
        self._figures = list(dict.fromkeys([*self._figures, path.name]))

    def log_table(self, name: str, table: Any) -> None:
        """Record a pandas DataFrame as CSV; an index that is more than row numbers is kept."""
        path = self._new_file(name, ".csv")
        table.to_csv(path, index=type(table.index).__name__ != "RangeIndex")
        self._tables = list(dict.fromkeys([*self._tables, path.name]))

    def log_model(self, name: str, model: Any) -> None:
        """Record a fitted model (scikit-learn, PyTorch, XGBoost, ...) that MLflow can load."""
        path = self._new_file(name, ".pkl")
        path.write_bytes(pickle.dumps(model))
        self._models = list(dict.fromkeys([*self._models, path.name]))

    def _clear_log(self) -> None:
        self._metrics, self._figures, self._tables, self._models = [], [], [], []

    def _new_file(self, name: str, *suffixes: str) -> Path:
        """A file beside the record; without one of the suffixes the name gets the first."""
        if not _FILE_NAME.fullmatch(name):
            remedy = "Use letters, digits, spaces and _ - ."
            raise LabkartError(f'"{name}" cannot name a file. {remedy}')
        self._folder().mkdir(parents=True, exist_ok=True)
        return self._folder() / (name if name.endswith(suffixes) else name + suffixes[0])

    def _folder(self) -> Path:
        """The folder of the task's record."""
        raise NotImplementedError


def _check_metric_name(name: str) -> None:
    is_path = not name.startswith((".", "/")) and posixpath.normpath(name) == name
    if not _METRIC_NAME.fullmatch(name) or not is_path:
        remedy = "Use letters, digits, spaces and _ - . : /"
        raise LabkartError(f'"{name}" cannot name a metric. {remedy}')
