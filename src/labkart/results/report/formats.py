"""A report's table as text: Markdown, columns for a terminal, and all numbers as CSV.

Writes no file. LaTeX has a module of its own.
"""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

from labkart.language import join_sentences
from labkart.results.report.cells import Cell, Cells
from labkart.results.report.layout import all_cells
from labkart.results.report.line import Line
from labkart.results.report.method import allowance, method, title
from labkart.results.report.printed import with_minus_signs
from labkart.results.report.supplements import (
    SUPPLEMENT_NUMBERS,
    pair_numbers,
    supplement_numbers,
)
from labkart.results.report.table import ReportTable
from labkart.table import Column

_NUMBERS = ("n", "mean", "deviation", "low", "high", "best")
_NUMBERS += ("difference", "difference_low", "difference_high", "p", "p_holm")


def markdown(table: ReportTable) -> str:
    """A table for a page, or for a pull request."""
    lines = [f"### {_markdown_text(title(table))}", ""]
    for cells in all_cells(table):
        lines += _markdown_lines(cells)
    note = join_sentences(allowance(table), method(table))
    return "\n".join([*lines, _markdown_text(note), ""])


def _markdown_lines(cells: Cells) -> Iterator[str]:
    head = list(map(_markdown_text, cells.head))
    rule = ["---"] * cells.labels + ["---:"] * (len(head) - cells.labels)
    for section in cells.sections:
        if section.title:
            yield from (f"_{_markdown_text(section.title)}_", "")
        rows = [list(map(_markdown_cell, row)) for row in section.rows]
        yield from (f"| {' | '.join(row)} |" for row in (head, rule, *rows))
        yield ""


def columns(table: ReportTable) -> Iterator[tuple[str, list[Column]]]:
    """The title and the columns for a terminal of each section; a single one has no title."""
    for cells in all_cells(table):
        for section in cells.sections:
            rows = [list(map(str, row)) for row in section.rows]
            yield section.title, list(map(Column, cells.head, zip(*rows, strict=True)))


def csv_text(table: ReportTable) -> str:
    """All numbers, unrounded: a line per group and metric, then per pair, and per system."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = (*_NUMBERS, table.effect.name, "pairs", "no_test")
    rows = [
        {"metric": metric, **line.group.settings, **_numbers(line, table.effect.name)}
        for metric, lines in table.lines.items()
        for line in lines
    ]
    rows += supplement_numbers(table)
    more = [name for name in SUPPLEMENT_NUMBERS if any(name in row for row in rows)]
    head = ["metric", *table.settings, *names, *more]
    writer.writerow(head)
    for row in rows:
        writer.writerow(["" if row.get(name) is None else row[name] for name in head])
    return text.getvalue()


def _numbers(line: Line, effect: str) -> dict[str, Any]:
    numbers: dict[str, Any] = {"n": len(line.values), "best": int(line.best)}
    numbers |= {"mean": line.mean, "deviation": line.deviation}
    if line.interval:
        numbers |= {"low": line.interval.low, "high": line.interval.high}
    return numbers | (pair_numbers(line.pair, effect) if line.pair else {})


def _markdown_cell(cell: Cell) -> str:
    text = _markdown_text(cell.text)
    return f"{f'**{text}**' if cell.bold else text}{cell.mark}"


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<>`\[\]])", r"\\\1", with_minus_signs(text))
