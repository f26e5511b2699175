"""A report's table in cells: plain texts in rows and columns, for each format to write.

`layouts` has the tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from labkart.results.report.table import ReportTable


@dataclass(frozen=True)
class Cell:
    """One cell."""

    text: str  # what it says
    bold: bool = False  # whether it is the best
    mark: str = ""  # of significance, raised after the text

    def __str__(self) -> str:
        return f"{self.text}{self.mark}"


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    title: str  # empty if there is only one section
    rows: list[list[Cell]]  # with as many cells each as the head


@dataclass(frozen=True)
class Cells:
    """A table of cells."""

    head: list[str]
    sections: list[Section]
    labels: int  # how many columns, from the left, have texts and no numbers

    @property
    def rows(self) -> list[list[Cell]]:
        """The rows of all sections."""
        return [row for section in self.sections for row in section.rows]


def plain_cells(texts: Iterable[str]) -> list[Cell]:
    """A row of texts."""
    return list(map(Cell, texts))


def metric_title(table: ReportTable, metric: str) -> str:
    """A metric's label, with the arrow that tells which way is better."""
    return f"{table.config.label(metric)} {table.ranking.directions.of(metric).arrow}".rstrip()
