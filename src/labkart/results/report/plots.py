"""A report's figures: which there are, and what each needs. Writes no file."""

from collections.abc import Callable

from matplotlib import rc_context
from matplotlib.figure import Figure

from labkart.errors import LabkartError
from labkart.language import speaking, translate
from labkart.results.report.figures import style
from labkart.results.report.figures.curves import draw_curves
from labkart.results.report.figures.intervals import draw_intervals
from labkart.results.report.figures.settings import draw_heatmap, draw_parallel
from labkart.results.report.rank_diagram import draw_ranks
from labkart.results.report.table import ReportTable
from labkart.tasks.fonts import fonts_for

_DRAWERS: dict[str, Callable[[ReportTable], Figure | None]] = {
    "comparison": draw_intervals,
    "curves": draw_curves,
    "heatmap": draw_heatmap,
    "ranks": lambda table: draw_ranks(table, style.WIDTH),
    "parallel": draw_parallel,
}


def _needs() -> dict[str, str]:
    """What each figure needs in a table."""
    return {
        "comparison": translate("a metric"),
        "curves": translate("metrics that tasks log with a step"),
        "heatmap": translate("two settings that vary, each with two values or more"),
        "ranks": translate(
            "three systems or more on three data sets or more, and a metric of a known direction"
        ),
        "parallel": translate("two settings that vary, or more"),
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
        for name, draw_figure in _DRAWERS.items():
            if names and name not in names:
                continue
            with speaking(table.config.language):
                figure = draw_figure(table)
            if figure:
                figure.draw_without_rendering()  # ticks take their font when they are made
                figure.set_layout_engine("none")  # keep this layout in each format
                figures[name] = figure
            elif names:
                raise LabkartError(
                    translate("figures: {name} needs {needs}.", name=name, needs=_needs()[name])
                )
    return figures


def _texts(table: ReportTable) -> list[str]:
    """All labels of the figures, and what tells whether a font has the language's letters."""
    label = table.config.label
    with speaking(table.config.language):
        letters = [translate("mean"), translate("step")]
    settings = [pair for group in table.groups for pair in group.settings.items()]
    names = (*table.lines, *(text for pair in settings for text in pair))
    return [*letters, *map(label, names)]
