"""The figure `comparison`: means with their confidence intervals, a panel per metric."""

from collections.abc import Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labkart.language import translate
from labkart.records.seeds import Group
from labkart.results.report.figures import style
from labkart.results.report.line import Line
from labkart.results.report.statistics import LEVEL_TEXT
from labkart.results.report.table import ReportTable

_LINE, _GAP, _AXIS = 0.14, 0.08, 0.6  # inches, of a label, below it, and of the axis
_MOST_ROWS = 7  # of panels on a page


def draw_intervals(table: ReportTable) -> Figure | None:
    """All metrics, side by side and in rows.

    The groups stand in one order in all of them: data set by data set, the best first.
    """
    groups = [group for part in table.datasets.parts.values() for group in part]
    labels = [style.label(table, group) for group in groups]
    leaves_less_room = style.widest(labels) > 20 or len(table.lines) in (2, 4)
    columns = min(2 if leaves_less_room else 3, len(table.lines))
    metrics = list(table.lines)[: columns * _MOST_ROWS]
    height = style.HEIGHT / ceil(len(metrics) / columns)
    row = _LINE * max(label.count("\n") + 1 for label in labels) + _GAP
    count = max(1, min(len(labels), int((height - _AXIS) / row)))
    figure, panels = style.panels(len(metrics), columns, _AXIS + row * count)
    for number, (axes, metric) in enumerate(zip(panels, metrics, strict=True)):
        _draw_panel(axes, table, metric, groups[:count])
        is_first = number % columns == 0
        axes.set_yticks(range(count), labels[:count][::-1] if is_first else [""] * count)
        if is_first and len(table.settings) == 1:
            axes.set_ylabel(table.config.label(table.settings[0]))
    style.write_note(figure, *_note(table, metrics, count))
    return figure


def _draw_panel(axes: Axes, table: ReportTable, metric: str, groups: Sequence[Group]) -> None:
    lines = {id(line.group): line for line in table.lines[metric]}
    for row, group in enumerate(groups[::-1]):
        _draw_interval(axes, row, lines[id(group)])
    axes.set_xlabel(table.title_of(metric))
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.margins(x=0.08)


def _draw_interval(axes: Axes, row: int, line: Line) -> None:
    if line.interval:
        ends = [line.interval.low, line.interval.high]
        axes.plot(ends, [row, row], color=style.SKY, linewidth=3, solid_capstyle="butt")
    axes.plot(line.values, [row] * len(line.values), "|", color="#555555", markersize=7)
    if line.mean is not None:
        marker, color = ("D", style.RED) if line.best else ("o", style.BLACK)
        axes.plot(line.mean, row, marker, color=color, markeredgecolor=style.BLACK, markersize=5.5)


def _note(table: ReportTable, metrics: list[str], count: int) -> list[str]:
    """What the marks that are drawn mean."""
    lines = [line for metric in metrics for line in table.lines[metric]]
    has_intervals = any(line.interval for line in lines)
    has_best = any(line.best for line in lines)
    mean = translate("● mean") if any(len(line.values) > 1 for line in lines) else ""
    return [
        mean or translate("● a run"),
        translate("◆ the best") if has_best else "",
        translate("bar: {level} interval of the mean", level=LEVEL_TEXT) if has_intervals else "",
        translate("| a run") if mean else "",
        style.selected_groups(table, count, len(table.groups)),
        style.selected_metrics(len(metrics), len(table.lines)),
    ]
