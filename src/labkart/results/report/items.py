"""The values of single items (queries, documents, patients) in a table that a task logged."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from labkart.errors import LabkartError
from labkart.language import translate
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group, mean
from labkart.wording import did_you_mean

_TRUTHS = {"true": 1.0, "false": 0.0}


class Items(NamedTuple):
    """Where items are: a table, and its columns.

    Attributes:
        table: the name of the logged table; `.csv` may be left out.
        item: the column that names the items; empty for the first one.
        value: the column of the values; empty for the one that is called as the metric.
    """

    table: str
    item: str = ""
    value: str = ""

    @classmethod
    def of(cls, text: str) -> "Items":
        """Read `per_query`, `per_query:query` or `per_query:query:score`."""
        return cls(*text.split(":"))

    def check(self, metrics: Sequence[str]) -> None:
        """Raise a LabkartError if one column would be taken for the values of several metrics."""
        if self.value and len(metrics) > 1:
            raise LabkartError(
                translate(
                    "items: the column {column} has the values of one metric, but the report has"
                    " {count}. Name it, as --metrics {metric}, or leave the column out: then each"
                    " metric takes the column of its name.",
                    column=self.value,
                    count=len(metrics),
                    metric=metrics[0],
                )
            )

    def values(self, group: Group, metric: str) -> dict[str, float] | None:
        """The value of each item, as a mean over the group's runs.

        Returns:
            None if the table has no column for this metric.

        Raises:
            LabkartError: a run has no such table, or a column is not there or has other values.
        """
        values: dict[str, list[float]] = {}
        for record in group.records:
            if record.status == "finished":
                rows = self._rows(record, self.value or metric.rpartition(".")[2])
                if rows is None:
                    return None
                for item, value in rows:
                    values.setdefault(item, []).append(value)
        return {item: mean(numbers) for item, numbers in values.items()}

    def _rows(self, record: ExperimentRecord, column: str) -> list[tuple[str, float]] | None:
        file = self._file(record)
        try:
            with file.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
        except FileNotFoundError:
            raise LabkartError(
                translate(
                    "{file} of experiment {id} does not exist any more; {command} makes it again.",
                    file=file.name,
                    id=record.id[:8],
                    command=record.command,
                )
            ) from None
        columns = list(rows[0]) if rows else []
        item = self.item or next(iter(columns), "")
        for name in (self.item, self.value):
            if name and name not in columns:
                raise LabkartError(
                    translate(
                        "{table} has no column {name}. {hint}",
                        table=self.table,
                        name=name,
                        hint=did_you_mean(name, columns),
                    )
                )
        if column not in columns:
            return None
        try:
            return [(row[item], _number(row[column])) for row in rows]
        except ValueError as error:
            raise LabkartError(
                translate(
                    "{table}, column {column} must contain numbers: {error}.",
                    table=self.table,
                    column=column,
                    error=error,
                )
            ) from None

    def _file(self, record: ExperimentRecord) -> Path:
        logs = [(table, task) for task in record.tasks for table in task.result.get("tables", ())]
        counts = Counter(table for table, _ in logs)
        tables = {
            table if counts[table] == 1 else f"{task.label}/{table}": (table, task)
            for table, task in logs
        }
        for name in (self.table, f"{self.table}.csv"):
            if name in tables:
                table, task = tables[name]
                return record.files_of(task) / table
        raise LabkartError(
            translate(
                "{table}: experiment {id} logged no such table. {hint}",
                table=self.table,
                id=record.id[:8],
                hint=did_you_mean(self.table, tables),
            )
        )


def _number(text: str) -> float:
    truth = _TRUTHS.get(text.strip().lower())
    return float(text) if truth is None else truth
