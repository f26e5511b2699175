"""The values of single items (queries, documents, patients) in a table that a task logged."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from labkart.language import mistake
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Group, mean
from labkart.wording import did_you_mean

_TRUTHS = {"true": "1", "false": "0"}


class Items(NamedTuple):
    """Where items are: a table, and its columns."""

    table: str  # the name of the logged table; `.csv` may be left out
    item: str = ""  # the column that names the items; empty for the first one
    value: str = ""  # the column of the values; empty for the one that is called as the metric

    @classmethod
    def of(cls, text: str) -> "Items":
        """Read `per_query`, `per_query:query` or `per_query:query:score`."""
        return cls(*text.split(":", 2))

    def check(self, metrics: Sequence[str]) -> None:
        """Raise a LabkartError if one column would be taken for the values of several metrics."""
        if self.value and len(metrics) > 1:
            raise mistake(
                "items: the column {column} has the values of one metric, but the report has"
                " {count}. Name it, as --metrics {metric}, or leave the column out: then each"
                " metric takes the column of its name.",
                column=self.value,
                count=len(metrics),
                metric=metrics[0],
            )

    def values(self, group: Group, metric: str) -> dict[str, float] | None:
        """The value of each item, as a mean over the group's runs.

        Returns:
            None if the table has no column for this metric.

        Raises:
            LabkartError: a run has no such table, or a column is not there or has other values.
        """
        column = self.value or metric.rpartition(".")[2]
        values: dict[str, list[float]] = {}
        for record in group.records:
            rows = self._rows(record) if record.status == "finished" else []
            if rows and column not in rows[0]:
                return None
            for row in rows:
                item = row[self.item or next(iter(row))]
                values.setdefault(item, []).append(self._number(column, row[column]))
        return {item: mean(numbers) for item, numbers in values.items()}

    def _rows(self, record: ExperimentRecord) -> list[dict[str, str]]:
        """The rows of a run's table, which has the columns that were named."""
        file = self._file(record)
        try:
            with file.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
        except FileNotFoundError:
            raise mistake(
                "{file} of experiment {id} does not exist any more; {command} makes it again.",
                file=file.name,
                id=record.id[:8],
                command=record.command,
            ) from None
        for name in filter(None, (self.item, self.value)):
            if rows and name not in rows[0]:
                raise mistake(
                    "{table} has no column {name}. {hint}",
                    table=self.table,
                    name=name,
                    hint=did_you_mean(name, rows[0]),
                )
        return rows

    def _number(self, column: str, text: str) -> float:
        try:
            return float(_TRUTHS.get(text.strip().lower(), text))
        except ValueError as error:
            raise mistake(
                "{table}, column {column} must contain numbers: {error}.",
                table=self.table,
                column=column,
                error=error,
            ) from None

    def _file(self, record: ExperimentRecord) -> Path:
        """A run's table, below the task's label if several tasks logged one of that name."""
        logs = [(table, task) for task in record.tasks for table in task.result.get("tables", ())]
        counts = Counter(table for table, _ in logs)
        files = {
            table if counts[table] == 1 else f"{task.label}/{table}": record.files_of(task) / table
            for table, task in logs
        }
        for name in (self.table, f"{self.table}.csv"):
            if name in files:
                return files[name]
        raise mistake(
            "{table}: experiment {id} logged no such table. {hint}",
            table=self.table,
            id=record.id[:8],
            hint=did_you_mean(self.table, files),
        )
