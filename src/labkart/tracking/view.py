"""The columns with which MLflow's table of runs opens: the id, what differs, and the metrics.

Knows MLflow's names of columns, and no server.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from labkart.records import summaries
from labkart.records.mlflow_log import accepted_name
from labkart.records.record import ExperimentRecord
from labkart.records.values import value

# The names of the settings and values that tell experiments apart.
Varying = Callable[[Sequence[ExperimentRecord]], list[str]]

_FIRST = ("attributes.`Run Name`", "runDateAndNestInfo")  # MLflow always shows these two
_MOST_EXPERIMENTS = 20  # the newest, which a person compares
_MOST_METRICS = 8  # that a person reads
_LEAST, _NUMBER, _MOST = 72, 96, 250  # pixels; the second shows seven digits of a number


def view(varying: Varying, sweep: str | None = None) -> dict[str, Any]:
    """What a person may choose in MLflow's table of runs, by MLflow's names.

    Args:
        varying: finds what tells experiments apart.
        sweep: the id of a sweep, to look at its experiments alone.
    """
    ended = [
        record
        for record in summaries.summaries()
        if record.ended and (sweep is None or sweep in record.sweeps)
    ]
    newest = sorted(ended, key=lambda record: record.ended or "")[: -_MOST_EXPERIMENTS - 1 : -1]
    widths = _widths(newest, varying(newest) or _settings(newest))
    selected = [name for name in widths if name != "duration"]  # MLflow always shows that one
    order = [*_FIRST, *widths]
    return {"selectedColumns": selected, "columnOrder": order, "columnWidths": widths}


def filter_text(sweep: str | None) -> str:
    """The search in MLflow's page that finds the runs of a sweep; empty for all runs."""
    return f"tags.`labkart.sweeps` LIKE '%{sweep}%'" if sweep else ""


def shared_view(title: str, state: Mapping[str, Any]) -> str:
    """A view as MLflow keeps it in a tag of an experiment, for everybody who opens its page."""
    now = round(1000 * time.time())
    text = json.dumps(state)
    return json.dumps({"name": title, "createdAt": now, "updatedAt": now, "state": text})


def _settings(experiments: Sequence[ExperimentRecord]) -> list[str]:
    """The settings of experiments of which none differ."""
    return list(dict.fromkeys(name for record in experiments for name in record.settings))


def _widths(experiments: Sequence[ExperimentRecord], settings: Sequence[str]) -> dict[str, int]:
    """The columns from left to right, with their widths in pixels."""
    widths = {"tags.`labkart.id`": _NUMBER}
    for name in settings:
        values = [str(value(record, name)) for record in experiments]
        widths[f"params.`{accepted_name(name)}`"] = _pixels(name, *values)
    metrics = dict.fromkeys(name for record in experiments for name in record.metrics)
    for name in list(metrics)[:_MOST_METRICS]:
        widths[f"metrics.`{accepted_name(name)}`"] = max(_NUMBER, _pixels(name))
    widths["duration"] = _pixels("duration")
    if any(record.code.get("dirty") for record in experiments):
        widths["tags.`labkart.dirty`"] = _pixels("labkart.dirty")
    return widths


def _pixels(*texts: str) -> int:
    """The width of a column that shows some texts."""
    return min(max(_LEAST, *(24 + 8 * cell_len(text) for text in texts)), _MOST)
