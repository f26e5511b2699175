"""A report's table as text: LaTeX, Markdown, columns for a terminal, and all numbers as CSV.

Writes no file.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from labkart.results.report.cells import interval_cell, test_cells
from labkart.results.report.labels import percentage
from labkart.results.report.method import caption, method
from labkart.results.report.rounding import (
    decimal_places,
    digits_to_tell_apart,
    format_plainly,
    round_to,
)
from labkart.results.report.supplements import (
    SUPPLEMENT_NUMBERS,
    Supplement,
    pair_numbers,
    supplement_numbers,
    supplements,
)
from labkart.results.report.table import Line, ReportTable
from labkart.table import Column

_MINUS = "\N{MINUS SIGN}"
_LATEX = {
    **{letter: rf"\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"±": r"$\pm$", _MINUS: "$-$", "Δ": r"$\Delta$", "<": "$<$", ">": "$>$", "…": r"\dots{}"},
    **{"χ": r"$\chi$", "²": "$^2$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "d_z": "$d_z$"},
}
_NUMBERS = ("n", "mean", "deviation", "low", "high", "best")
_NUMBERS += ("difference", "difference_low", "difference_high", "p", "p_holm")


def latex(table: ReportTable) -> str:
    r"""A table in a float, for `\input` in a document that uses the package booktabs."""
    cells = _cells(table, lambda text: _macro("textbf", text), _latex_text)
    width, settings = len(cells.head), len(table.settings)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        _macro("caption", _latex_text(caption(table))),
        _macro("label", f"tab:{table.config.name}"),
        _macro("begin", "tabular", "l" * settings + "r" * (width - settings)),
        r"\toprule",
        _latex_row(cells.head),
    ]
    for section in cells.sections:
        lines.append(r"\midrule")
        if len(cells.sections) > 1:
            title = _macro("textit", section.title)
            lines.append(_latex_row([_macro("multicolumn", width, "l", title)]))
        lines += map(_latex_row, section.rows)
    for supplement in supplements(table):
        lines += [r"\bottomrule", r"\end{tabular}", "", r"\bigskip", *_latex_supplement(supplement)]
    note = rf"\footnotesize {_latex_text(method(table))}".replace(r"d\_z", _LATEX["d_z"])
    lines += [r"\bottomrule", r"\end{tabular}", "", r"\medskip"]
    lines += [_macro("parbox", r"0.95\linewidth", note), r"\end{table}", ""]
    return "\n".join(lines)


def _latex_supplement(supplement: Supplement) -> list[str]:
    """A table up to its last row."""
    left = supplement.texts
    form = "l" * left + "r" * (len(supplement.head) - left)
    rows = [list(map(_latex_text, row)) for row in (supplement.head, *supplement.rows)]
    title = _macro("multicolumn", len(supplement.head), "l", _latex_text(supplement.title))
    return [
        _macro("begin", "tabular", form),
        _latex_row([title]),
        r"\toprule",
        _latex_row(rows[0]),
        r"\midrule",
        *map(_latex_row, rows[1:]),
    ]


def _latex_row(cells: list[str]) -> str:
    # After the end of a line LaTeX would read `[64, 64]` as a distance, and a star as a variant.
    guard = "{}" if cells[0].startswith(("[", "*")) else ""
    return rf"{guard}{' & '.join(cells)} \\"


def _macro(name: str, *arguments: object) -> str:
    r"""A macro with its arguments: `\name{argument}{argument}`."""
    return f"\\{name}" + "".join(f"{{{argument}}}" for argument in arguments)


def markdown(table: ReportTable) -> str:
    """A table for a page, or for a pull request."""
    cells = _cells(table, lambda text: f"**{text}**", _markdown_text)
    settings = len(table.settings)
    rule = ["---"] * settings + ["---:"] * (len(cells.head) - settings)
    lines = [f"### {_markdown_text(caption(table))}", ""]
    for section in cells.sections:
        lines += [f"_{section.title}_", ""] if len(cells.sections) > 1 else []
        lines += [f"| {' | '.join(row)} |" for row in (cells.head, rule, *section.rows)]
        lines.append("")
    for supplement in supplements(table):
        left = supplement.texts
        rule = ["---"] * left + ["---:"] * (len(supplement.head) - left)
        rows = [list(map(_markdown_text, row)) for row in (supplement.head, *supplement.rows)]
        lines += [f"_{_markdown_text(supplement.title)}_", ""]
        lines += [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
        lines.append("")
    return "\n".join([*lines, _markdown_text(method(table)), ""])


def columns(table: ReportTable) -> Iterator[tuple[str, list[Column]]]:
    """The title and the columns for a terminal of each metric; a single metric has no title."""
    cells = _cells(table, str, str)
    for section in cells.sections:
        title = section.title if len(cells.sections) > 1 else ""
        yield title, list(map(Column, cells.head, zip(*section.rows, strict=True)))
    for supplement in supplements(table):
        rows = zip(*supplement.rows, strict=True)
        yield supplement.title, list(map(Column, supplement.head, rows))


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


@dataclass(frozen=True)
class _Section:
    """The rows of one metric."""

    title: str
    rows: list[list[str]]


@dataclass(frozen=True)
class _Cells:
    """A table whose cells are texts: its head, and a section per metric."""

    head: list[str]
    sections: list[_Section]


def _cells(table: ReportTable, bold: Callable[[str], str], escape: Callable[[str], str]) -> _Cells:
    label = table.config.label
    only = next(iter(table.lines)) if len(table.lines) == 1 else None
    head = [*map(label, table.settings), "n", _title(table, only) if only else "mean"]
    head.append(f"{percentage(table.config.level)} interval")
    head += _test_head(table) if table.has_tests else []
    sections = [
        _Section(escape(_title(table, metric)), _rows(table, lines, bold, escape))
        for metric, lines in table.lines.items()
    ]
    return _Cells(list(map(escape, head)), sections)


def _title(table: ReportTable, metric: str) -> str:
    return f"{table.config.label(metric)} {table.ranking.directions.of(metric).arrow}".rstrip()


def _test_head(table: ReportTable) -> list[str]:
    head = ["Δ", "p", table.effect.symbol]
    return ["pairs", *head] if _shows_pairs(table) else head


def _shows_pairs(table: ReportTable) -> bool:
    return any(line.test and line.test.pairs != len(line.values) for line in table.all_lines)


def _rows(
    table: ReportTable,
    lines: Sequence[Line],
    bold: Callable[[str], str],
    escape: Callable[[str], str],
) -> list[list[str]]:
    digits = digits_to_tell_apart([line.mean for line in lines if line.mean is not None])
    rows = list[list[str]]()
    for line in lines:
        settings = map(table.config.label, line.group.settings.values())
        mean, interval = _mean_and_interval(line, digits)
        mean = bold(escape(mean)) if line.best else escape(mean)
        tests = test_cells(line.test, line.p, _shows_pairs(table)) if table.has_tests else []
        others = map(escape, [interval, *tests])
        rows.append([*map(escape, settings), str(len(line.values)), mean, *others])
    return rows


def _mean_and_interval(line: Line, digits: int) -> tuple[str, str]:
    """The mean with its deviation, and the interval, rounded by the deviation."""
    if line.mean is None:
        return "-", "-"
    places = decimal_places(line.deviation or 0.0)
    if places is None:
        return format_plainly(line.mean, digits) + (" ± 0" if line.deviation == 0 else ""), "-"
    mean = " ± ".join(round_to(number, places) for number in (line.mean, line.deviation or 0.0))
    return mean, interval_cell(line.interval, places) if line.interval else "-"


def _latex_text(text: str) -> str:
    if text in _LATEX:
        return _LATEX[text]
    return "".join(_LATEX.get(letter, letter) for letter in _with_minus_signs(text))


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<>`\[\]])", r"\\\1", _with_minus_signs(text))


def _with_minus_signs(text: str) -> str:
    """The text with minus signs instead of hyphens before numbers."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", _MINUS, text)
