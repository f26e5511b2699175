"""Whether a table is as wide as a page's text at most, and what makes it fit.

The widths are estimates for LaTeX's own fonts, in the size of the letter m ("em").
"""

import unicodedata
from dataclasses import replace

from labkart.language import translate
from labkart.results.report.cells import Cell, Cells
from labkart.results.report.choices import LAYOUTS
from labkart.results.report.layout import cells_of
from labkart.results.report.table import ReportTable

# That of a page's text in LaTeX's own classes: 390 pt at 12 pt, and a little more at 11 and 10 pt.
TEXT_WIDTH = 32.5
_TOLERANCE = 1.05  # of the estimate
_GAP = 1.1  # between two columns, and half of it on both sides
_BOLD = 1.15


def advice(table: ReportTable) -> str:
    """What makes a table fit that is wider than a page's text; empty if it fits."""
    size = width(cells_of(table))
    if _fits(size):
        return ""
    remedy = _layout_that_fits(table) or _metrics_that_fit(table)
    remedy = remedy or translate(
        "Give shorter names in reports/{name}.yaml, below labels.", name=table.config.name
    )
    return translate(
        "About {factor:.1f} times as wide as a page's text. {remedy}",
        factor=size / TEXT_WIDTH,
        remedy=remedy,
    )


def _fits(size: float) -> bool:
    return size <= TEXT_WIDTH * _TOLERANCE


def width(cells: Cells) -> float:
    """The width of a table in LaTeX's own font, in em."""
    rows = [list(map(Cell, cells.head)), *cells.rows]
    columns = zip(*rows, strict=True)
    return sum(max(map(_cell_width, column)) + _GAP for column in columns)


def _layout_that_fits(table: ReportTable) -> str:
    for layout in LAYOUTS:
        other = replace(table, config=replace(table.config, layout=layout))
        if _fits(width(cells_of(other))):
            return translate("It fits with --layout {layout}.", layout=layout)
    return ""


def _metrics_that_fit(table: ReportTable) -> str:
    """The first metrics that fit in columns of their own."""
    config = replace(table.config, layout="metrics")
    for count in range(len(table.lines) - 1, 0, -1):
        lines = dict(list(table.lines.items())[:count])
        if _fits(width(cells_of(replace(table, config=config, lines=lines)))):
            return translate(
                "It fits with --layout metrics and {count} metrics: --metrics {metrics}",
                count=count,
                metrics=" ".join(lines),
            )
    return ""


def _cell_width(cell: Cell) -> float:
    return sum(map(_letter_width, cell.text)) * (_BOLD if cell.bold else 1)


def _letter_width(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter.isupper() or letter in "±\N{MINUS SIGN}+<>=%@mw↑↓":
        return 0.75
    return 0.3 if letter in " .,:;[]()il|!'-" else 0.5
