"""A report's table in cells: plain texts in rows and columns, for each format to write."""

from collections.abc import Sequence
from dataclasses import dataclass

from labkart.language import translate
from labkart.results.report import printed
from labkart.results.report.labels import percentage
from labkart.results.report.line import Line
from labkart.results.report.paired import PairedTest
from labkart.results.report.printed import PrintedLine
from labkart.results.report.rounding import digits_to_tell_apart, format_p
from labkart.results.report.table import ReportTable


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: what it says.
        bold: whether it is the best.
        mark: of significance, raised after the text.
    """

    text: str
    bold: bool = False
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.text}{self.mark}"


@dataclass(frozen=True)
class Section:
    """Rows that belong together.

    Attributes:
        title: empty if there is only one section.
        rows: with as many cells each as the head.
    """

    title: str
    rows: list[list[Cell]]


@dataclass(frozen=True)
class Cells:
    """A table of cells.

    Attributes:
        head: the titles of the columns.
        sections: the rows.
        labels: how many columns, from the left, have texts and no numbers.
    """

    head: list[str]
    sections: list[Section]
    labels: int

    @property
    def rows(self) -> list[list[Cell]]:
        """The rows of all sections."""
        return [row for section in self.sections for row in section.rows]


def detailed_cells(table: ReportTable) -> Cells:
    """A section per metric, a row per group, and a column per number."""
    label = table.config.label
    only = next(iter(table.lines)) if len(table.lines) == 1 else None
    head = [
        *map(label, table.settings),
        "n",
        metric_title(table, only) if only else translate("mean"),
    ]
    head.append(translate("{level} interval", level=percentage(table.config.level)))
    head += _test_head(table) if table.has_tests else []
    sections = [
        Section("" if only else metric_title(table, metric), _rows(table, lines))
        for metric, lines in table.lines.items()
    ]
    return Cells(head, sections, len(table.settings))


def metric_title(table: ReportTable, metric: str) -> str:
    """A metric's label, with the arrow that tells which way is better."""
    return f"{table.config.label(metric)} {table.ranking.directions.of(metric).arrow}".rstrip()


def plain_digits(lines: Sequence[Line]) -> int:
    """The significant digits that tell the means of a metric apart."""
    return digits_to_tell_apart([line.mean for line in lines if line.mean is not None])


def _test_head(table: ReportTable) -> list[str]:
    head = ["Δ", "p", table.effect.symbol]
    return [translate("pairs"), *head] if _shows_pairs(table) else head


def _shows_pairs(table: ReportTable) -> bool:
    return any(line.test and line.test.pairs != len(line.values) for line in table.all_lines)


def _rows(table: ReportTable, lines: Sequence[Line]) -> list[list[Cell]]:
    digits = plain_digits(lines)
    rows = list[list[Cell]]()
    for line in lines:
        settings = map(table.config.label, line.group.settings.values())
        numbers = PrintedLine.of(line, digits)
        tests = test_cells(line.test, line.p, _shows_pairs(table)) if table.has_tests else []
        left, right = [*settings, str(len(line.values))], [numbers.interval, *tests]
        mean = Cell(numbers.mean_and_deviation, line.best)
        rows.append([*map(Cell, left), mean, *map(Cell, right)])
    return rows


def test_cells(test: PairedTest | None, p: float | None, shows_pairs: bool) -> list[str]:
    """The number of pairs if it is shown, the difference, the p-value and the effect size.

    Args:
        test: empty cells if it is None, or has no pair.
        p: in place of the test's own, which is not corrected.
        shows_pairs: whether there is a column for the number of pairs.
    """
    if test is None or not test.pairs:
        return [""] * (3 + shows_pairs)
    effect = "-" if test.effect is None else f"{test.effect:.2f}"
    pairs = [str(test.pairs)] * shows_pairs
    return [*pairs, printed.difference(test), format_p(p), effect]
