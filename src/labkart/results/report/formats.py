"""A report's table as text: LaTeX, Markdown, columns for a terminal, and all numbers as CSV.

Writes no file.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from labkart.results.report.method import caption, method, percentage
from labkart.results.report.paired import PairedTest
from labkart.results.report.rounding import (
    decimal_places,
    digits_to_tell_apart,
    format_plainly,
    round_to,
)
from labkart.results.report.statistics import Interval
from labkart.results.report.table import Line, ReportTable
from labkart.table import Column

_MINUS = "\N{MINUS SIGN}"
_LATEX = {
    **{letter: rf"\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"±": r"$\pm$", _MINUS: "$-$", "Δ": r"$\Delta$", "<": "$<$", ">": "$>$", "…": r"\dots{}"},
    **{"↑": r"$\uparrow$", "↓": r"$\downarrow$", "d_z": "$d_z$"},
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
    note = rf"\footnotesize {_latex_text(method(table))}".replace(r"d\_z", _LATEX["d_z"])
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
    names = (*_NUMBERS, table.effect.name, "pairs", "no_test")
    writer.writerow(["metric", *table.settings, *names])
    for metric, lines in table.lines.items():
        for line in lines:
            numbers = _numbers(line, table.effect.name)
            cells = ["" if number is None else number for number in map(numbers.get, names)]
            writer.writerow([metric, *line.group.settings.values(), *cells])
    return text.getvalue()


def _numbers(line: Line, effect: str) -> dict[str, Any]:
    numbers: dict[str, Any] = {"n": len(line.values), "best": int(line.best)}
    numbers |= {"mean": line.mean, "deviation": line.deviation}
    if line.interval:
        numbers |= {"low": line.interval.low, "high": line.interval.high}
    if line.test:
        numbers |= {"difference": line.test.difference, "p": line.test.p, "p_holm": line.p}
        numbers |= {effect: line.test.effect, "pairs": line.test.pairs}
        numbers["no_test"] = line.test.obstacle
    if line.test and line.test.interval:
        ends = line.test.interval
        numbers |= {"difference_low": ends.low, "difference_high": ends.high}
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
        tests = _test_cells(line.test, line.p, _shows_pairs(table)) if table.has_tests else []
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
    return mean, _interval(line.interval, places) if line.interval else "-"


def _interval(interval: Interval, places: int) -> str:
    return f"[{round_to(interval.low, places)}, {round_to(interval.high, places)}]"


def _test_cells(test: PairedTest | None, p: float | None, shows_pairs: bool) -> list[str]:
    if test is None or not test.pairs:
        return [""] * (3 + shows_pairs)
    half = (test.interval.high - test.interval.low) / 2 if test.interval else 0.0
    places = decimal_places(half)
    difference = test.difference
    text = format_plainly(difference) if places is None else round_to(difference, places)
    if test.interval and places is not None:
        text += f" {_interval(test.interval, places)}"
    sign = "+" if difference > 0 else ""
    effect = "-" if test.effect is None else f"{test.effect:.2f}"
    return [*[str(test.pairs)] * shows_pairs, f"{sign}{text}", _p_value(p), effect]


def _p_value(p: float | None) -> str:
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _latex_text(text: str) -> str:
    if text in _LATEX:
        return _LATEX[text]
    return "".join(_LATEX.get(letter, letter) for letter in _with_minus_signs(text))


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_<>`\[\]])", r"\\\1", _with_minus_signs(text))


def _with_minus_signs(text: str) -> str:
    """The text with minus signs instead of hyphens before numbers."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", _MINUS, text)
