"""What all figures share: a page's size, labels, notes, and lines that differ without colour, too.

The colours are those of Okabe and Ito (2008), Color Universal Design, but yellow, which is too pale
on paper: https://jfly.uni-koeln.de/color/
"""

from collections import Counter
from collections.abc import Sequence
from math import ceil
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from rich.cells import cell_len

from labkart.language import translate
from labkart.records.seeds import Group
from labkart.results.report.table import ReportTable

WIDTH, HEIGHT = 6.3, 8.5  # inches, of a page's text on A4; below it there is room for a caption
SETTINGS: dict[Any, Any] = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
BLACK, RED, SKY = "#000000", "#d55e00", "#56b4e9"
_COLORS = ("#0072b2", RED, "#009e73", BLACK, "#e69f00", "#cc79a7", SKY)
_STYLES = ("-", "--", "-.", ":")
_MARKERS = "osD^vPX<>*dh"
MOST_STYLES = len(_MARKERS)
_LONGEST_LINE = 28  # letters of a label; Japanese ones are twice as wide
_GAPS = {1: 6, 2: 4, 3: 2}  # between numbers below a panel; more would touch in a narrow one


def line_style(number: int) -> dict[str, Any]:
    """The colour, dashes and marker of a line; no two lines have the same dashes and marker."""
    return {
        "color": _COLORS[number % len(_COLORS)],
        "linestyle": _STYLES[number % len(_STYLES)],
        "marker": _MARKERS[number % MOST_STYLES],
        "markersize": 4,
    }


def panels(
    count: int, columns: int, height: float, has_whole_numbers: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure with some panels in rows.

    Args:
        count: the number of panels.
        columns: how many stand side by side at most.
        height: of a row, in inches; a page's height is never exceeded.
        has_whole_numbers: whether only whole numbers stand below the panels.
    """
    columns = min(count, columns)
    rows = ceil(count / columns)
    margin = ConstrainedLayoutEngine(w_pad=0.08)  # which letters may need
    figure = Figure(figsize=(WIDTH, min(rows * height, HEIGHT)), layout=margin)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid[count:]:
        axes.remove()
    for axes in grid[:count]:
        locator = MaxNLocator(_GAPS[columns], integer=has_whole_numbers, min_n_ticks=2)
        axes.xaxis.set_major_locator(locator)
    return figure, grid[:count]


def write_note(figure: Figure, *parts: str) -> None:
    """Explain below a figure what its marks mean."""
    text = "; ".join(filter(None, parts))
    lines = wrap(text, _letters(text, 100))
    figure.supxlabel("\n".join(lines), fontsize="small", color="#444444")


def selected_groups(table: ReportTable, shown: int, count: int) -> str:
    """How many groups a figure leaves out, in words; empty if none."""
    if shown == count:
        return ""
    direction = table.ranking.directions.of(next(iter(table.lines), ""))
    if direction and not table.datasets.names:
        return translate("the best {shown} of {count} groups", shown=shown, count=count)
    return translate("the first {shown} of {count} groups", shown=shown, count=count)


def selected_metrics(shown: int, count: int) -> str:
    """How many metrics a figure leaves out, in words; empty if none."""
    if shown == count:
        return ""
    return translate("the first {shown} of {count} metrics", shown=shown, count=count)


def label(table: ReportTable, group: Group) -> str:
    """A group's settings in few letters: longer ones would leave no room for the figure."""
    if len(table.settings) == 1:
        return shorten(table.config.label(group.settings[table.settings[0]]))
    counts = Counter(name.rpartition(".")[2] for name in table.settings)
    settings: dict[str, str] = {}
    for name, text in group.settings.items():
        short = name.rpartition(".")[2]
        is_clear = counts[short] == 1 and name not in table.config.labels
        settings[short if is_clear else name] = text
    return shorten(table.config.describe(settings)) or translate("all")


def shorten(text: str, lines: int = 2) -> str:
    """A text in a few short lines, which break after words and underscores.

    What is too long loses its middle: names often differ at their ends.
    """
    width = _letters(text, _LONGEST_LINE)
    most = lines * (width - 4)
    if len(text) > most:
        text = f"{text[: most // 2]}...{text[len(text) - most // 2 :]}"
    parts = [part.replace("_ ", "_") for part in wrap(text.replace("_", "_ "), width)]
    if len(parts) > lines:  # it has long words
        parts = [text[start : start + width] for start in range(0, len(text), width)]
    return "\n".join(parts)


def _letters(text: str, width: int) -> int:
    """How many letters of a text are as wide as so many Latin ones."""
    return width * len(text) // cell_len(text) if text else width


def widest(labels: Sequence[str]) -> int:
    """The letters of the longest line in some labels; Japanese ones count twice."""
    return max((cell_len(line) for text in labels for line in text.split("\n")), default=0)
