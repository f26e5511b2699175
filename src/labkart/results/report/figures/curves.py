"""The figure `curves`: metrics that tasks log step by step, a panel per metric."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from labkart.language import translate
from labkart.records.seeds import Group
from labkart.results.report.figures import style
from labkart.results.report.table import ReportTable

_MOST_PANELS = 12
_MARKS = 8  # of a curve, which tell it from others
# Inches: of a panel, a line of the legend, an entry of it without its letters, and a letter.
_PANEL, _LEGEND_LINE, _ENTRY, _LETTER = 2.3, 0.2, 0.85, 0.085


class _Curves(NamedTuple):
    """The values of all runs of a group, by metric and step."""

    label: str
    values: Mapping[str, Mapping[int, list[float]]]

    @property
    def has_bands(self) -> bool:
        """Whether several runs have a value of one step."""
        return any(len(runs) > 1 for steps in self.values.values() for runs in steps.values())


def draw_curves(table: ReportTable) -> Figure | None:
    """The mean over the runs, and a band of one standard deviation."""
    groups = [_Curves(style.label(table, group), _values_by_step(group)) for group in table.groups]
    groups = [group for group in groups if group.values]
    curves = groups[: style.MOST_STYLES]
    metrics = list(dict.fromkeys(metric for group in curves for metric in group.values))
    if not metrics:
        return None
    shown = metrics[:_MOST_PANELS]
    columns = 2 if len(shown) < 5 else 3
    figure, panels = style.panels(len(shown), columns, _PANEL, has_whole_numbers=True)
    for axes, metric in zip(panels, shown, strict=True):
        for number, group in enumerate(curves):
            _draw_curve(axes, group.values.get(metric, {}), number)
        axes.set(xlabel=translate("step"), ylabel=style.shorten(table.config.label(metric)))
    if len(curves) > 1:
        _add_legend(figure, [group.label for group in curves])
    has_bands = any(group.has_bands for group in curves)
    style.write_note(
        figure,
        translate("line: mean over the runs"),
        translate("band: ± one standard deviation") if has_bands else "",
        style.selected_groups(table, len(curves), len(groups)),
        style.selected_metrics(len(shown), len(metrics)),
    )
    return figure


def _draw_curve(axes: Axes, values: Mapping[int, list[float]], number: int) -> None:
    """Draw the curve of a group; without values only its place among the others is kept."""
    steps = sorted(values)
    if not steps:
        return
    mean = np.array([fmean(values[step]) for step in steps])
    band = np.array([stdev(values[step]) if len(values[step]) > 1 else 0.0 for step in steps])
    look = style.line_style(number)
    apart = ceil(len(steps) / _MARKS)
    axes.plot(steps, mean, **look, markevery=(number % apart, apart))
    color = look["color"]
    axes.fill_between(steps, mean - band, mean + band, color=color, alpha=0.15, linewidth=0)


def _add_legend(figure: Figure, labels: Sequence[str]) -> None:
    """Above the panels, in as many columns as the labels leave room for."""
    entry = _ENTRY + _LETTER * style.widest(labels)
    columns = max(1, min(len(labels), int(style.WIDTH / entry)))
    lines = ceil(len(labels) / columns) * max(label.count("\n") + 1 for label in labels)
    height = figure.get_figheight() + _LEGEND_LINE * lines
    figure.set_figheight(min(height, style.HEIGHT))
    handles = [Line2D([], [], **style.line_style(number)) for number in range(len(labels))]
    place = "outside upper center"
    figure.legend(handles, labels, loc=place, ncols=columns, frameon=False, handlelength=3.5)


def _values_by_step(group: Group) -> dict[str, dict[int, list[float]]]:
    """The values of all runs by metric and step, for metrics with several steps.

    A metric that several tasks log has the task's name before it.
    """
    runs = [task for record in group.records for task in record.tasks]
    logs = {(task.label, name) for task in runs for name, *_ in task.result.get("metrics", ())}
    counts = Counter(name for _, name in logs)
    shared = {name for name, count in counts.items() if count > 1}
    values: dict[str, dict[int, list[float]]] = {}
    for record in group.records:
        for task in record.tasks if record.status == "finished" else ():
            for metric, value, step, *_ in task.result.get("metrics", ()):
                name = f"{task.label}.{metric}" if metric in shared else metric
                if step is not None:
                    values.setdefault(name, {}).setdefault(step, []).append(value)
    return {metric: steps for metric, steps in values.items() if len(steps) > 1}
