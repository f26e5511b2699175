"""Which figures a report has, what each needs, and their files: vectors for LaTeX, and pixels."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from labkart.language import mistake, speaking, translate
from labkart.results.report import origin
from labkart.results.report.figures import style
from labkart.results.report.figures.curves import draw_curves
from labkart.results.report.figures.intervals import draw_intervals
from labkart.results.report.figures.ranks import draw_ranks
from labkart.results.report.settings import FIGURE_ENDINGS
from labkart.results.report.table import ReportTable
from labkart.tasks.fonts import fonts_for

_RESOLUTION = 200  # dots per inch of pixels
_DRAWERS: dict[str, Callable[[ReportTable], Figure | None]] = {
    "comparison": draw_intervals,
    "curves": draw_curves,
    "ranks": draw_ranks,
}


def figure_files(table: ReportTable) -> dict[Path, bytes]:
    """The contents of a report's figures, by file. Raises what `draw` raises."""
    with speaking(table.config.language):
        comment = origin.with_origin("", ".csv", origin.origin_of(table)).decode()
    metadata = {".pdf": {"Subject": comment, "CreationDate": None}, ".png": {"Comment": comment}}
    files = dict[Path, bytes]()
    for name, figure in draw(table).items():
        for ending in FIGURE_ENDINGS:
            image = BytesIO()
            with rc_context({"pdf.fonttype": 42}):  # TrueType, which publishers ask for
                figure.savefig(image, format=ending[1:], dpi=_RESOLUTION, metadata=metadata[ending])
            files[table.config.file(f"-{name}{ending}")] = image.getvalue()
    return files


def draw(table: ReportTable) -> dict[str, Figure]:
    """The figures that a report asks for, or all that have something to show.

    Raises:
        LabkartError: a figure that the report asks for has nothing to show, or no font of this
            machine has the letters.
    """
    requested = table.config.figures
    figures = dict[str, Figure]()
    with rc_context({**style.SETTINGS, "font.family": fonts_for(_texts(table))}):
        for name in requested or _DRAWERS:
            with speaking(table.config.language):
                figure = _DRAWERS[name](table)
            if figure:
                figure.draw_without_rendering()  # ticks take their font when they are made
                figure.set_layout_engine("none")  # keep this layout in each format
                figures[name] = figure
            elif requested:
                raise mistake("figures: {name} needs {needs}.", name=name, needs=_needs()[name])
    return figures


def _needs() -> dict[str, str]:
    """What each figure needs in a table."""
    return {
        "comparison": translate("a metric"),
        "curves": translate("metrics that tasks log with a step"),
        "ranks": translate(
            "three systems or more on three data sets or more, and a metric of a known direction"
        ),
    }


def _texts(table: ReportTable) -> list[str]:
    """All labels of the figures, and what tells whether a font has the language's letters."""
    label = table.config.label
    with speaking(table.config.language):
        letters = [translate("mean"), translate("step")]
    settings = [pair for group in table.groups for pair in group.settings.items()]
    names = (*table.lines, *(text for pair in settings for text in pair))
    return [*letters, *map(label, names)]
