"""A report's table as text: Markdown, and columns for a terminal. Writes no file.

`latex` has LaTeX, `table_numbers` CSV.
"""

import re
from collections.abc import Iterator

from labkart.language import join_sentences
from labkart.results.report.layouts import Cell, Cells, all_cells
from labkart.results.report.method import allowance, method, title
from labkart.results.report.rounding import with_minus_signs
from labkart.results.report.table import ReportTable
from labkart.table import Column


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


def _markdown_cell(cell: Cell) -> str:
    text = _markdown_text(cell.text)
    return f"{f'**{text}**' if cell.bold else text}{cell.mark}"


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<>`\[\]])", r"\\\1", with_minus_signs(text))


def columns(table: ReportTable) -> Iterator[tuple[str, list[Column]]]:
    """The title and the columns for a terminal of each section; a single one has no title."""
    for cells in all_cells(table):
        for section in cells.sections:
            rows = [list(map(str, row)) for row in section.rows]
            yield section.title, list(map(Column, cells.head, zip(*rows, strict=True)))
