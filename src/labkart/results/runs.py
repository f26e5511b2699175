"""Experiments as rows: sorted by a value, with columns for what tells them apart.

Knows which values are worth a column, and what programs get. Prints nothing: see `cli/runs.py`.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from labkart.console import format_number
from labkart.records.query import check_name
from labkart.records.record import ExperimentRecord, current_time
from labkart.records.states import describe_state
from labkart.records.values import (
    FACTS,
    NUMBERS,
    fact_titles,
    has_value,
    parse_fact,
    sort_key,
    text_of,
    value,
    values,
)
from labkart.table import Column, plain

_MOST_METRICS = 8  # that a person reads
_MISSING = "-"
_EXPORTED = (
    *(*FACTS, "ended", "command", "settings", "config", "logged_params", "metrics"),
    *("sweeps", "study", "trial", "tags", "error", "edited"),
)


def sort_experiments(
    experiments: Sequence[ExperimentRecord], by: str = "started"
) -> list[ExperimentRecord]:
    """Sort experiments: numbers as numbers, those without a value last, dates newest first.

    Args:
        experiments: what to sort.
        by: the name of a setting, a value of the configuration, a metric or a fact; with a minus in
            front, the largest value comes first.

    Raises:
        LabkartError: no experiment has such a value.
    """
    name = parse_fact(by.removeprefix("-"))
    check_name(name, experiments)
    cells = {
        experiment.id: getattr(experiment, name) if name in FACTS else value(experiment, name)
        for experiment in experiments
    }
    missing = [experiment for experiment in experiments if _is_missing(cells[experiment.id])]
    known = [experiment for experiment in experiments if not _is_missing(cells[experiment.id])]
    descending = by.startswith("-") != (name == "started")
    known.sort(key=lambda experiment: sort_key(cells[experiment.id]), reverse=descending)
    return known + missing


@dataclass(frozen=True)
class Listing:
    """Some experiments as a table; the names that a person `requested` get the first columns."""

    experiments: Sequence[ExperimentRecord]
    requested: Sequence[str] = ()

    def columns(self) -> list[Column]:
        """Id, start, status, what differs, and some metrics; these two take turns in rank."""
        statuses = [describe_state(experiment.status) for experiment in self.experiments]
        titles = fact_titles()
        columns = [
            Column(titles["id"], [experiment.id[:8] for experiment in self.experiments]),
            Column(titles["started"], _format_starts(self.experiments)),
            Column(titles["status"], statuses),
        ]
        for index, (name, cells) in enumerate(self._settings().items()):
            columns.append(Column(name, cells, 2 * index + 1))
        for index, name in enumerate(self._metrics()[:_MOST_METRICS]):
            numbers = [experiment.metrics.get(name) for experiment in self.experiments]
            columns.append(Column(name, [*map(format_number, numbers)], 2 * index + 2))
        return columns

    @property
    def omitted_metrics(self) -> int:
        """How many metrics have no column."""
        return max(0, len(self._metrics()) - _MOST_METRICS)

    def _settings(self) -> dict[str, list[str]]:
        """The cells of what differs, by name; commits too if nothing else tells the rows apart."""
        metrics = self._metrics()
        requested = [name for name in self.requested if name not in (*metrics, *FACTS)]
        columns = {
            name: [_format_setting(experiment, name) for experiment in self.experiments]
            for name in dict.fromkeys([*requested, *varying(self.experiments)])
        }
        commits = [_format_commit(experiment) for experiment in self.experiments]
        rows = set(zip(*columns.values(), strict=True)) if columns else {()}
        if len(rows) < len(self.experiments) and len(set(commits)) > 1:
            columns["code"] = commits
        return columns

    def _metrics(self) -> list[str]:
        """The names of all metrics, requested ones first."""
        metrics = [experiment.metrics for experiment in self.experiments]
        names = dict.fromkeys(name for values in metrics for name in values)
        return sorted(names, key=lambda name: name not in self.requested)


def varying(experiments: Sequence[ExperimentRecord]) -> list[str]:
    """The names of the settings and values that tell experiments apart, settings first.

    Leaves out what another column says already: a value that equals an earlier one in every row,
    and a value that follows from the chosen file of its group, unless somebody typed it.
    """
    columns = _setting_columns(experiments)
    typed = {
        override.lstrip("+").partition("=")[0]
        for experiment in experiments
        for override in experiment.overrides
    }
    chosen: dict[str, tuple[str, ...]] = {}
    for name, cells in columns.items():
        is_constant = len(set(cells)) == 1
        if is_constant or cells in chosen.values():
            continue
        group, _, rest = name.partition(".")
        file = columns.get(group, (_MISSING,) * len(cells))
        if rest and name not in typed and _is_determined(cells, by=file):
            continue
        chosen[name] = cells
    return list(chosen)


def _is_determined(cells: Sequence[str], by: Sequence[str]) -> bool:
    """Whether rows that have the same value in `by` also have the same value in `cells`."""
    value_of: dict[str, str] = {}
    return all(value_of.setdefault(key, cell) == cell for key, cell in zip(by, cells, strict=True))


def _setting_columns(experiments: Sequence[ExperimentRecord]) -> dict[str, tuple[str, ...]]:
    """By name, the cells of all settings and values of the configuration."""
    rows = [
        {name: cell for name, cell in values(experiment) if name not in experiment.metrics}
        for experiment in experiments
    ]
    names = dict.fromkeys(name for row in rows for name in row if not name.startswith("search."))
    return {name: tuple(format_cell(row.get(name)) for row in rows) for name in names}


def row(experiment: ExperimentRecord) -> dict[str, Any]:
    """All values of an experiment by name: facts, settings, configuration and metrics."""
    cells = {name: getattr(experiment, name) for name in FACTS}
    for name, cell in values(experiment):
        cells.setdefault(name, cell)
    return cells


def column_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names in some rows, facts first."""
    return list(dict.fromkeys([*FACTS, *(name for row in rows for name in row)]))


def as_json(experiments: Sequence[ExperimentRecord]) -> str:
    """Experiments for programs, with settings, configuration and metrics."""
    entries = []
    for experiment in experiments:
        entry = {name: getattr(experiment, name) for name in _EXPORTED}
        entries.append(entry | {"commit": experiment.code.get("commit")})
    return json.dumps(finite(entries), ensure_ascii=False, indent=1)


def finite(node: Any) -> Any:
    """A structure with None in place of infinity and NaN, which JSON does not have."""
    if isinstance(node, dict):
        return {name: finite(item) for name, item in node.items()}
    if isinstance(node, list | tuple):
        return [finite(item) for item in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node


def write_csv(experiments: Sequence[ExperimentRecord], file: TextIO) -> None:
    """Write a line per experiment and a column per name."""
    rows = [row(experiment) for experiment in experiments]
    writer = csv.DictWriter(file, column_names(rows))
    writer.writeheader()
    writer.writerows(rows)


def _format_setting(experiment: ExperimentRecord, name: str) -> str:
    """A setting; `null` is one, too."""
    cell = value(experiment, name)
    return "null" if cell is None and has_value(experiment, name) else format_cell(cell)


def format_cell(cell: Any) -> str:
    """A value of the configuration, with no more digits than a person compares."""
    if cell is None:
        return _MISSING
    if isinstance(cell, float) and len(str(cell)) > 6:
        return f"{cell:.4g}"
    text = text_of(cell)
    return plain(NUMBERS.get(text, text))


def _format_starts(experiments: Sequence[ExperimentRecord]) -> list[str]:
    """When experiments started, without the year if all started in this one."""
    starts = [(experiment.started or _MISSING)[:16].replace("T", " ") for experiment in experiments]
    year = current_time()[:5]
    if all(start.startswith((year, _MISSING)) for start in starts):
        return [start.removeprefix(year) for start in starts]
    return starts


def _format_commit(experiment: ExperimentRecord) -> str:
    """The commit of an experiment; a plus stands for uncommitted changes."""
    commit = str(experiment.code.get("commit") or _MISSING)[:7]
    return f"{commit}+" if experiment.code.get("dirty") else commit


def _is_missing(cell: Any) -> bool:
    is_nan = cell != cell  # noqa: PLR0124 (only NaN differs from itself, and not all values are floats)
    return cell is None or is_nan
