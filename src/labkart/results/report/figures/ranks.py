"""The critical-difference diagram: systems at their mean ranks over data sets.

As figure 1 of Demšar (2006), Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR
7.
"""

from itertools import accumulate
from math import ceil
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labkart.language import translate
from labkart.results.report.figures import style
from labkart.results.report.ranks import Overall, cliques
from labkart.results.report.rounding import p_text
from labkart.results.report.statistics import SIGNIFICANT
from labkart.results.report.table import ReportTable

_LONGEST_LINE = 24  # letters of a system's name
# Inches: of a system's name, of a bar, above the axis, of the title.
_ROW, _BAR, _ABOVE, _TITLE = 0.24, 0.12, 0.55, 0.35


def draw_ranks(table: ReportTable) -> Figure | None:
    """A panel per metric; None without a metric of which Friedman's test was made.

    The first metrics that a page has room for; the table has the mean ranks of all.
    """
    tested = [overall for overall in table.overalls if overall.critical_difference]
    if not tested:
        return None
    totals = accumulate(_depth(overall) + _ABOVE + _TITLE for overall in tested)
    count = max(1, sum(total < style.HEIGHT for total in totals))
    overalls = tested[:count]
    heights = [_depth(overall) + _ABOVE + _TITLE for overall in overalls]
    figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    panels = figure.subplots(len(overalls), squeeze=False, height_ratios=heights)[:, 0]
    for axes, overall in zip(panels, overalls, strict=True):
        _draw_panel(axes, table, overall)
    style.write_note(figure, style.selected_metrics(count, len(tested)))
    return figure


def _depth(overall: Overall) -> float:
    """The inches below the axis."""
    rows = ceil(len(overall.systems) / 2)
    return _BAR * (1 + len(_bars(overall))) + _ROW * (rows + 0.5)


def _bars(overall: Overall) -> list[tuple[float, float]]:
    """The ranges of mean ranks that are not told apart; all, where there is no difference."""
    if overall.p is None or overall.p >= SIGNIFICANT:
        return [(overall.ranks[0], overall.ranks[-1])]
    return cliques(overall.ranks, overall.critical_difference or 0.0)


def _draw_panel(axes: Axes, table: ReportTable, overall: Overall) -> None:
    """Draw the axis of ranks, best at the left; its unit downwards is an inch."""
    count, bars = len(overall.systems), _bars(overall)
    axes.set(xlim=(0.4, count + 0.6), ylim=(_depth(overall), -_ABOVE))
    axes.set_axis_off()
    axes.plot([1, count], [0, 0], color="k", linewidth=1)
    for rank in range(1, count + 1):
        axes.plot([rank, rank], [0, -0.06], color="k", linewidth=1)
        axes.text(rank, -0.09, str(rank), ha="center", va="bottom", fontsize="small")
    difference = overall.critical_difference or 0.0
    axes.plot([1, 1 + difference], [-0.42, -0.42], "|-", color="k", linewidth=1, markersize=6)
    text = translate(" critical difference {difference:.2f}", difference=difference)
    axes.text(1 + difference, -0.42, text, va="center", fontsize="small")
    for row, (low, high) in enumerate(bars):
        depth = _BAR * (row + 0.8)
        ends = [low - 0.03, high + 0.03]
        axes.plot(ends, [depth, depth], color="k", linewidth=3, solid_capstyle="butt")
    _write_systems(axes, table, overall, _BAR * (1 + len(bars)) + _ROW / 2)
    title = translate(
        "{metric}: mean ranks over {datasets} data sets (Friedman's {p})",
        metric=table.config.label(overall.metric),
        datasets=len(overall.datasets),
        p=p_text(overall.p),
    )
    axes.set_title(title, fontsize="medium")


def _write_systems(axes: Axes, table: ReportTable, overall: Overall, top: float) -> None:
    """Write the better half at the left, the other at the right, each joined to its mean rank."""
    count = len(overall.systems)
    half = ceil(count / 2)
    for index, (system, rank) in enumerate(zip(overall.systems, overall.ranks, strict=True)):
        is_left = index < half
        depth = top + _ROW * (index if is_left else count - 1 - index)
        end = 0.9 if is_left else count + 0.1
        axes.plot([rank, rank, end], [0, depth, depth], color="0.35", linewidth=0.8)
        name = fill(
            table.config.name_system(system), _LONGEST_LINE, max_lines=2, placeholder=" ..."
        )
        label = f"{name} ({rank:.2f})"
        side = "right" if is_left else "left"
        offset = -0.05 if is_left else 0.05
        axes.text(end + offset, depth, label, ha=side, va="center", fontsize="small")
