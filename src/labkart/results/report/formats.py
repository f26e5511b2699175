"""A report's table as text: LaTeX, Markdown, columns for a terminal, and all numbers as CSV.

Writes no file.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from math import isfinite
from typing import Any

from labkart.results.report.method import caption, method, percentage
from labkart.results.report.statistics import PairedTest
from labkart.results.report.table import Line, ReportTable
from labkart.table import Column

_MINUS = "\N{MINUS SIGN}"
_LATEX = {
    **{letter: rf"\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"±": r"$\pm$", _MINUS: "$-$", "Δ": r"$\Delta$", "<": "$<$", ">": "$>$", "…": r"\dots{}"},
}
_NUMBERS = ("n", "mean", "deviation", "low", "high", "best")
_NUMBERS += ("difference", "p", "p_holm", "effect", "pairs", "no_test")

# Larger numbers, and more decimal places, are written with an exponent.
_LARGE, _MOST_PLACES = 1e9, 9


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
    note = rf"\footnotesize {_latex_text(method(table))}"
    lines += [r"\bottomrule", r"\end{tabular}", "", r"\medskip"]
    lines += [_macro("parbox", r"0.95\linewidth", note), r"\end{table}", ""]
    return "\n".join(lines)


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
    return "\n".join([*lines, _markdown_text(method(table)), ""])


def columns(table: ReportTable) -> Iterator[tuple[str, list[Column]]]:
    """The title and the columns for a terminal of each metric; a single metric has no title."""
    cells = _cells(table, str, str)
    for section in cells.sections:
        title = section.title if len(cells.sections) > 1 else ""
        yield title, list(map(Column, cells.head, zip(*section.rows, strict=True)))


def csv_text(table: ReportTable) -> str:
    """All numbers, unrounded: a line per group and metric."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["metric", *table.settings, *_NUMBERS])
    for metric, lines in table.lines.items():
        for line in lines:
            numbers = _numbers(line)
            cells = ["" if number is None else number for number in map(numbers.get, _NUMBERS)]
            writer.writerow([metric, *line.group.settings.values(), *cells])
    return text.getvalue()


def _numbers(line: Line) -> dict[str, Any]:
    numbers: dict[str, Any] = {"n": len(line.values), "best": int(line.best)}
    numbers |= {"mean": line.mean, "deviation": line.deviation}
    if line.interval:
        numbers |= {"low": line.interval.low, "high": line.interval.high}
    if line.test:
        numbers |= {"difference": line.test.difference, "p": line.test.p, "p_holm": line.p}
        numbers |= {"effect": line.test.effect, "pairs": line.test.pairs}
        numbers["no_test"] = line.test.obstacle
    return numbers


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
    mean = next(iter(table.lines)) if len(table.lines) == 1 else "mean"
    head = [*map(label, table.settings), "n", label(mean)]
    head.append(f"{percentage(table.config.level)} interval")
    head += ["Δ", "p", "d"] if table.has_tests else []
    sections = [
        _Section(escape(label(metric)), [_row(table, line, bold, escape) for line in lines])
        for metric, lines in table.lines.items()
    ]
    return _Cells(list(map(escape, head)), sections)


def _row(
    table: ReportTable, line: Line, bold: Callable[[str], str], escape: Callable[[str], str]
) -> list[str]:
    settings = map(table.config.label, line.group.settings.values())
    mean, interval = _mean_and_interval(line)
    mean = bold(escape(mean)) if line.best else escape(mean)
    tests = _test_cells(line.test, line.p) if table.has_tests else []
    return [*map(escape, settings), str(len(line.values)), mean, *map(escape, [interval, *tests])]


def _mean_and_interval(line: Line) -> tuple[str, str]:
    """The mean with its deviation, and the interval, rounded by the deviation."""
    if line.mean is None:
        return "-", "-"
    places = decimal_places(line.deviation or 0.0)
    if places is None:
        return format_plainly(line.mean) + (" ± 0" if line.deviation == 0 else ""), "-"
    mean = " ± ".join(round_to(number, places) for number in (line.mean, line.deviation or 0.0))
    if not line.interval:
        return mean, "-"
    return mean, f"[{round_to(line.interval.low, places)}, {round_to(line.interval.high, places)}]"


def _test_cells(test: PairedTest | None, p: float | None) -> list[str]:
    if test is None or not test.pairs:
        return ["", "", ""]
    half = (test.interval.high - test.interval.low) / 2 if test.interval else 0.0
    places = decimal_places(half)
    difference = test.difference
    text = format_plainly(difference) if places is None else round_to(difference, places)
    sign = "+" if difference > 0 else ""
    return [f"{sign}{text}", _p_value(p), "-" if test.effect is None else f"{test.effect:.2f}"]


def _p_value(p: float | None) -> str:
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _latex_text(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in _with_minus_signs(text))


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<>`\[\]])", r"\\\1", _with_minus_signs(text))


def _with_minus_signs(text: str) -> str:
    """The text with minus signs instead of hyphens before numbers."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", _MINUS, text)


def decimal_places(uncertainty: float) -> int | None:
    """The decimal places to which a value is known; None if the uncertainty is not positive.

    The rule of the Particle Data Group (Review of Particle Physics, introduction 5.3): if the three
    highest digits of the uncertainty are up to 354, keep two digits, up to 949 one; above, round up
    to 1000 and keep two. Negative places are left of the decimal point.
    """
    size = Decimal(repr(float(uncertainty)))
    if not size.is_finite() or size <= 0:
        return None
    exponent = size.adjusted()
    highest = int((size.scaleb(2 - exponent)).to_integral_value())
    return 1 - exponent if highest <= 354 else -exponent


def round_to(value: float, places: int) -> str:
    """A value with so many decimal places; negative places become zeros."""
    if not isfinite(value):
        return str(value)
    if abs(value) >= _LARGE or places > _MOST_PLACES:
        return f"{value:.3e}"
    text = f"{round(value, places):.{max(places, 0)}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def format_plainly(value: float) -> str:
    """A value without a known uncertainty: four significant digits."""
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{value:.0f}"
    places = 3 - Decimal(repr(float(value))).adjusted()
    return round_to(value, places) if -3 < places < 8 else f"{value:.3e}"
