r"""A report's table in LaTeX: a float, or a longtable that goes on over several pages.

For `\input` in a document with the packages that its first line names.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.cells import cell_len

from labkart.language import translate
from labkart.results.report.layouts import (
    Cell,
    Cells,
    Section,
    all_cells,
    cells_of,
    plain_cells,
)
from labkart.results.report.method import caption, method
from labkart.results.report.rounding import with_minus_signs
from labkart.results.report.settings import LAYOUTS
from labkart.results.report.table import ReportTable

# A page of the standard classes has room for so many rows, with the caption and the method; a
# table with more is a longtable.
MOST_ROWS = 30
# The width of a page's text in digits; a Japanese letter takes two.
TEXT_WIDTH = 65
_GAP = 2  # digits between two columns, and half of it on both sides

_MACROS = {
    **{letter: rf"\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    # In the oldest font encoding these three are other letters, or ligatures.
    **{"|": r"\textbar{}", '"': r"\texttt{\char34}", "`": r"\textasciigrave{}"},
    **{"±": r"$\pm$", "\N{MINUS SIGN}": "$-$", "<": "$<$", ">": "$>$", "…": r"\dots{}"},
    **{"²": "$^2$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$"},
    **{"↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\to$", "∞": r"$\infty$"},
    **{"\N{MULTIPLICATION SIGN}": r"$\times$", "†": r"\dag{}", "‡": r"\ddag{}"},
}
_EFFECT, _APART = "\ue000", "\ue001"  # letters of no text, for what is written last
_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)")
# Greek capitals that look like Latin ones, and final sigma, have no macro.
_WITHOUT_MACRO = "ΑΒΕΖΗΙΚΜΝΟΡΤΧοΥς"


def latex(table: ReportTable) -> str:
    """The tables, after comments on what they need."""
    parts = all_cells(table)
    is_long = sum(len(section.rows) + 1 for part in parts for section in part.sections) > MOST_ROWS
    lines = _long(table, parts) if is_long else _float(table, parts)
    return "\n".join([*_comments(table, is_long), *lines, ""])


def _comments(table: ReportTable, is_long: bool) -> Iterator[str]:
    packages = "booktabs,longtable" if is_long else "booktabs"
    needs = translate("Needs in the preamble:")
    yield rf"% {needs} \usepackage{{{packages}}}"
    if any(map(_is_japanese, f"{caption(table)}{method(table)}{cells_of(table)}")):
        yield translate(
            "% For Japanese: lualatex with {lualatex}, or uplatex and dvipdfmx with\n"
            "% {uplatex}; pdflatex has no letters for it",
            lualatex=r"\usepackage{luatexja}",
            uplatex=r"\documentclass[uplatex,dvipdfmx]{jsarticle}",
        )
    if advice := width_advice(table):
        yield f"% {advice}"


def _float(table: ReportTable, parts: Sequence[Cells]) -> Iterator[str]:
    yield r"\begin{table}[htbp]"
    yield r"\centering"
    yield from _caption(table)
    for cells in parts:
        yield from ("", r"\medskip", _macro("begin", "tabular", _alignment(cells)))
        yield from _head(cells)
        yield from _body(cells, r"\midrule")
        yield from (r"\bottomrule", r"\end{tabular}")
    yield from ("", r"\medskip", _macro("parbox", r"0.95\linewidth", _note(table)))
    yield r"\end{table}"


def _long(table: ReportTable, parts: Sequence[Cells]) -> Iterator[str]:
    for number, cells in enumerate(parts):
        yield _macro("begin", "longtable", _alignment(cells))
        if number == 0:
            yield from (*_caption(table), r"\\")
        yield from (*_head(cells), r"\endfirsthead", *_head(cells), r"\endhead")
        yield from (r"\bottomrule", r"\endfoot")
        # A rule between sections would be doubled at the end of a page.
        yield from _body(cells, r"\addlinespace")
        yield r"\end{longtable}"
    note = _macro("parbox", r"\linewidth", _note(table))
    yield rf"\noindent{note}\par"


def _caption(table: ReportTable) -> Iterator[str]:
    yield _macro("caption", text(caption(table)))
    yield _macro("label", f"tab:{table.config.name}")


def _head(cells: Cells) -> list[str]:
    return [r"\toprule", _row(list(map(text, cells.head))), r"\midrule"]


def _alignment(cells: Cells) -> str:
    return "l" * cells.labels + "r" * (len(cells.head) - cells.labels)


def _body(cells: Cells, separator: str) -> list[str]:
    lines = list[str]()
    for section in cells.sections:
        lines += [separator] if lines else []
        lines += _section_title(section, len(cells.head)) if section.title else []
        lines += [_row(list(map(_cell, row))) for row in section.rows]
    return lines


def _section_title(section: Section, columns: int) -> list[str]:
    title = _macro("multicolumn", columns, "l", _macro("textit", text(section.title)))
    return [rf"{title} \\*"]  # the star keeps it on the page of its rows


def _row(cells: list[str]) -> str:
    # After the end of a line LaTeX would read `[64, 64]` as a distance, and a star as a variant.
    guard = "{}" if cells[0].startswith(("[", "*")) else ""
    return rf"{guard}{' & '.join(cells)} \\"


def _cell(cell: Cell) -> str:
    number = _macro("textbf", text(cell.text)) if cell.bold else text(cell.text)
    # A mark takes no room, so that the numbers of a column stand below each other.
    raised = _macro("rlap", _macro("textsuperscript", text(cell.mark))) if cell.mark else ""
    return f"{number}{raised}"


def _note(table: ReportTable) -> str:
    return rf"\footnotesize {text(method(table))}"


def _macro(name: str, *arguments: object) -> str:
    r"""A macro with its arguments: `\name{argument}{argument}`."""
    return f"\\{name}" + "".join(f"{{{argument}}}" for argument in arguments)


def text(plain: str) -> str:
    """A text whose letters pdflatex and lualatex print as they are."""
    line = unicodedata.normalize("NFC", " ".join(plain.split()))
    signed = with_minus_signs(line).replace("d_z", _EFFECT)
    # Two of these would be a dash, a quotation mark, or one letter.
    apart = re.sub(r"([-',])(?=\1)", rf"\1{_APART}", signed)
    return "".join(map(_letter, apart)).replace(_EFFECT, "$d_z$").replace(_APART, r"\kern0pt")


def _is_japanese(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _letter(letter: str) -> str:
    if letter in _MACROS or letter in _WITHOUT_MACRO:
        return _MACROS.get(letter, letter)
    raised, _, codes = unicodedata.decomposition(letter).partition(" ")
    if raised in ("<super>", "<sub>"):
        base = "".join(chr(int(code, 16)) for code in codes.split())
        return _macro("textsuperscript" if raised == "<super>" else "textsubscript", base)
    if unicodedata.category(letter) in ("Cc", "Cf"):  # no font has them
        return ""
    match = _GREEK.fullmatch(unicodedata.name(letter, ""))
    if not match:
        return letter
    size, name = match.groups()
    name = name.replace("LAMDA", "LAMBDA")  # as Unicode spells it
    return rf"$\{name.lower() if size == 'SMALL' else name.capitalize()}$"


def width_advice(table: ReportTable) -> str:
    """What makes a table fit that is wider than a page's text; empty if it fits."""
    if _fits(table):
        return ""
    for layout in LAYOUTS:
        if _fits(replace(table, config=replace(table.config, layout=layout))):
            return translate(
                "Wider than a page's text: it fits with --layout {layout}.", layout=layout
            )
    return translate(
        "Wider than a page's text: choose fewer metrics with --metrics, or shorter names in"
        " reports/{name}.yaml, below labels.",
        name=table.config.name,
    )


def _fits(table: ReportTable) -> bool:
    return table_width(cells_of(table)) <= TEXT_WIDTH


def table_width(cells: Cells) -> int:
    """An estimate of a table's width in digits."""
    columns = zip(plain_cells(cells.head), *cells.rows, strict=True)
    return sum(max(cell_len(cell.text) for cell in column) + _GAP for column in columns)
