"""The figures of a metric over settings: `heatmap` for two of them, `parallel` for more."""

import re
from collections.abc import Iterable
from math import isnan
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from labkart.language import translate
from labkart.results.report.cells import metric_title
from labkart.results.report.figures import style
from labkart.results.report.line import Line
from labkart.results.report.rounding import format_plainly
from labkart.results.report.table import ReportTable

# From dark to bright for all eyes and in grey.
_COLORS = "viridis"
_MOST_CELLS = 2500  # of a heat map
_MOST_VALUES, _MOST_COLUMNS = 200, 10  # that are written into the cells
_MOST_LETTERS = 60  # of all labels side by side; more would touch
_MOST_LABELS = 20  # at one axis of parallel coordinates


def draw_heatmap(table: ReportTable) -> Figure | None:
    """The first metric over two settings."""
    if len(table.settings) != 2 or not table.lines:
        return None
    (down, across), label = table.settings, table.config.label
    metric, lines = next(iter(table.lines.items()))
    rows = _sorted(line.group.settings[down] for line in lines)
    columns = _sorted(line.group.settings[across] for line in lines)
    if min(len(rows), len(columns)) < 2 or len(rows) * len(columns) > _MOST_CELLS:
        return None
    grid = np.full((len(rows), len(columns)), np.nan)
    for line in lines:
        row, column = line.group.settings[down], line.group.settings[across]
        grid[rows.index(row), columns.index(column)] = np.nan if line.mean is None else line.mean
    names = [style.shorten(label(text), length=20) for text in columns]
    is_rotated = style.widest(names) * len(names) > _MOST_LETTERS
    below = 0.07 * style.widest(names) if is_rotated else 0.0
    height = min(1.4 + 0.32 * len(rows) + below, style.HEIGHT)
    figure = style.new_figure(style.WIDTH, height)
    axes = figure.subplots()
    axes.patch.set(hatch="////", edgecolor="#999999")  # seen where a cell is empty
    image = axes.imshow(grid, aspect="auto", cmap=_COLORS)
    axes.set_xticks(range(len(columns)), names)
    axes.set_yticks(range(len(rows)), [style.shorten(label(text)) for text in rows])
    axes.set(xlabel=label(across), ylabel=label(down))
    axes.tick_params("x", rotation=90 if is_rotated else 0)
    if grid.size <= _MOST_VALUES and len(columns) <= _MOST_COLUMNS:
        _write_values(axes, grid)
    figure.colorbar(image, label=_mean_title(table, metric))
    style.write_note(figure, translate("hatched: no value") if np.isnan(grid).any() else "")
    return figure


def draw_parallel(table: ReportTable) -> Figure | None:
    """A line per group, through its settings to the first metric."""
    if len(table.settings) < 2 or not table.lines:
        return None
    metric, all_lines = next(iter(table.lines.items()))
    lines = [line for line in all_lines if line.finite_mean is not None]
    if len(lines) < 2:
        return None
    label, settings = table.config.label, table.settings
    figure = style.new_figure(style.WIDTH, 3.4)
    axes = figure.subplots()
    heights = [_draw_axis(axes, table, number, lines) for number in range(len(settings))]
    means = np.array([line.mean for line in lines], dtype=float)
    heights.append(list((means - means.min()) / (float(np.ptp(means)) or 1.0)))
    curves = [np.array(list(enumerate(points))) for points in zip(*heights, strict=True)]
    widths = [2.5 if line.best else 1.0 for line in lines]
    axes.add_collection(
        LineCollection(curves, array=means, cmap=_COLORS, linewidths=widths, zorder=1)
    )
    axes.autoscale()
    for height, value in ((0.0, means.min()), (1.0, means.max())):
        axes.text(len(settings), height, f" {value:.4g}", va="center", fontsize="small")
    titles = [*map(label, settings), _mean_title(table, metric)]
    axes.set_xticks(range(len(heights)), [style.shorten(text, length=14) for text in titles])
    axes.set_yticks([])
    axes.vlines(range(len(heights)), -0.03, 1.03, color="#999999", linewidth=0.8, zorder=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    style.write_note(
        figure,
        translate("a line per group, brighter for a higher mean"),
        translate("thick: the best") if any(line.best for line in lines) else "",
    )
    return figure


def _mean_title(table: ReportTable, metric: str) -> str:
    return translate("mean {metric}", metric=metric_title(table, metric))


def _draw_axis(axes: Axes, table: ReportTable, number: int, lines: list[Line]) -> list[float]:
    """Write the values of a setting at its axis; the height of each line's value."""
    setting = table.settings[number]
    values = _sorted(line.group.settings[setting] for line in lines)
    height = {value: rank / max(1, len(values) - 1) for rank, value in enumerate(values)}
    box: dict[str, Any] = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0}
    for value in values if len(values) <= _MOST_LABELS else ():
        text = style.shorten(table.config.label(value), length=14)
        axes.text(number, height[value], text, va="center", ha="center", fontsize="small", bbox=box)
    return [height[line.group.settings[setting]] for line in lines]


def _write_values(axes: Axes, grid: np.ndarray) -> None:
    middle = (np.nanmin(grid) + np.nanmax(grid)) / 2
    for (row, column), value in np.ndenumerate(grid):
        if not isnan(value):
            color = "w" if value < middle else "k"
            text = format_plainly(float(value), 3)
            axes.text(column, row, text, ha="center", va="center", color=color)


def _sorted(values: Iterable[str]) -> list[str]:
    """Each value once: numbers by size, others by the alphabet and the numbers in them."""
    unique = set(values)
    try:
        return sorted(unique, key=float)
    except ValueError:
        return sorted(unique, key=_natural_key)


def _natural_key(text: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", text)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
