"""A report's figures: which there are, and what each needs. Writes no file."""

from collections.abc import Callable
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure

from labkart.errors import LabkartError
from labkart.results.report.figures import style
from labkart.results.report.figures.curves import draw_curves
from labkart.results.report.figures.fonts import fonts_for
from labkart.results.report.figures.intervals import draw_intervals
from labkart.results.report.figures.settings import draw_heatmap, draw_parallel
from labkart.results.report.rank_diagram import draw_ranks
from labkart.results.report.table import ReportTable


class _Drawer(NamedTuple):
    """A figure's function, and what it needs in a table."""

    draw: Callable[[ReportTable], Figure | None]
    needs: str


_DRAWERS = {
    "comparison": _Drawer(draw_intervals, "a metric"),
    "curves": _Drawer(draw_curves, "metrics that tasks log with a step"),
    "heatmap": _Drawer(draw_heatmap, "two settings that vary, each with two values or more"),
    "ranks": _Drawer(
        lambda table: draw_ranks(table, style.WIDTH),
        "three systems or more on three data sets or more, and a metric of a known direction",
    ),
    "parallel": _Drawer(draw_parallel, "two settings that vary, or more"),
}


def draw(table: ReportTable) -> dict[str, Figure]:
    """The figures that a report asks for, or all that have something to show.

    Raises:
        LabkartError: a figure that the report asks for has nothing to show, or no font of this
            machine has the letters.
    """
    names = table.config.figures
    figures = dict[str, Figure]()
    with rc_context({**style.SETTINGS, "font.family": fonts_for(_texts(table))}):
        for name, drawer in _DRAWERS.items():
            if names and name not in names:
                continue
            figure = drawer.draw(table)
            if figure:
                figure.draw_without_rendering()  # ticks take their font when they are made
                figure.set_layout_engine("none")  # keep this layout in each format
                figures[name] = figure
            elif names:
                raise LabkartError(f"figures: {name} needs {drawer.needs}.")
    return figures


def _texts(table: ReportTable) -> list[str]:
    """All labels of the figures."""
    label = table.config.label
    settings = [pair for group in table.groups for pair in group.settings.items()]
    return [label(text) for text in (*table.lines, *(text for pair in settings for text in pair))]
