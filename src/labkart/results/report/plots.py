"""A report's figures: means with intervals, learning curves, a heat map, parallel coordinates.

Writes no file.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import isnan
from statistics import fmean, stdev
from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from labkart.errors import LabkartError
from labkart.records.seeds import Group
from labkart.results.report.labels import group_label, percentage
from labkart.results.report.rank_diagram import draw_ranks
from labkart.results.report.table import Line, ReportTable

_WIDTH = 6.3  # inches, of a text column on A4
_LONGEST_LINE = 32  # letters of a label
_MOST_CURVES = 12  # more cannot be told apart by colour
_MOST_ROWS = 40  # as many lines fit on a page
_MOST_CELLS = 2500  # of a heat map


def draw(table: ReportTable) -> dict[str, Figure]:
    """The figures that a report asks for, or all that have something to show.

    Raises:
        LabkartError: a figure that the report asks for has nothing to show, or no font of this
            machine has the letters.
    """
    names = table.config.figures
    figures = dict[str, Figure]()
    fonts = _fonts(_texts(table))
    with rc_context({"font.family": fonts, "axes.spines.top": False, "axes.spines.right": False}):
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


def _intervals(table: ReportTable) -> Figure | None:
    """Means with their confidence intervals, a panel per metric."""
    metrics, count = list(table.lines), len(table.groups)
    height = 0.7 + 0.28 * min(count, _MOST_ROWS)
    figure = Figure(figsize=(_WIDTH, height * len(metrics)), layout="constrained")
    panels = figure.subplots(len(metrics), squeeze=False)[:, 0]
    title = f"the best {_MOST_ROWS} of {count}" if count > _MOST_ROWS else ""
    for axes, metric in zip(panels, metrics, strict=True):
        lines = [line for line in table.lines[metric] if line.mean is not None]
        lines = lines[:_MOST_ROWS][::-1]
        for row, line in enumerate(lines):
            _draw_interval(axes, row, line)
        labels = [_label(table, line.group) for line in lines]
        has_intervals = any(line.interval for line in lines)
        note = f", {percentage(table.config.level)} interval" if has_intervals else ""
        axes.set_title(title, fontsize="medium")
        axes.set_yticks(range(len(lines)), labels)
        axes.set_xlabel(f"{table.config.label(metric)}{note}")
        axes.margins(y=0.3 / max(1, len(lines)))
    return figure


def _label(table: ReportTable, group: Group) -> str:
    """A group's settings in few letters: longer ones would leave no room for the figure."""
    last = {name: name.rpartition(".")[2] for name in table.settings}
    counts = Counter(last.values())
    short = {name: last[name] if counts[last[name]] == 1 else name for name in last}
    text = group_label(table, group, short)
    return fill(text, _LONGEST_LINE, max_lines=2, placeholder=" ...") or "all"


def _draw_interval(axes: Axes, row: int, line: Line) -> None:
    if line.interval:
        ends = [line.interval.low, line.interval.high]
        axes.plot(ends, [row, row], color="#5c708a", linewidth=2, solid_capstyle="butt")
    axes.plot(line.values, [row] * len(line.values), "|", color="#94a0af", markersize=6)
    if line.mean is not None:
        color = "#1f7a64" if line.best else "#1f2933"
        axes.plot(line.mean, row, "o", color=color, markersize=5)


def _curves(table: ReportTable) -> Figure | None:
    """Metrics by step: the mean over seeds, and a band of one standard deviation."""
    groups = table.groups[:_MOST_CURVES]
    curves = [_values_by_step(group) for group in groups]
    metrics = list(dict.fromkeys(metric for steps in curves for metric in steps))
    if not metrics:
        return None
    figure = Figure(figsize=(_WIDTH, 2.6 * len(metrics)), layout="constrained")
    panels = figure.subplots(len(metrics), squeeze=False)[:, 0]
    for axes, metric in zip(panels, metrics, strict=True):
        for group, values in zip(groups, curves, strict=True):
            label = _label(table, group)
            _draw_curve(axes, values.get(metric, {}), label)
        axes.set(xlabel="step", ylabel=table.config.label(metric))
    figure.axes[0].legend(frameon=False)
    return figure


def _draw_curve(axes: Axes, values: Mapping[int, list[float]], label: str) -> None:
    steps = sorted(values)
    mean = np.array([fmean(values[step]) for step in steps])
    band = np.array([stdev(values[step]) if len(values[step]) > 1 else 0.0 for step in steps])
    (line,) = axes.plot(steps, mean, label=label)
    color = line.get_color()
    axes.fill_between(steps, mean - band, mean + band, color=color, alpha=0.2, linewidth=0)


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


def _heatmap(table: ReportTable) -> Figure | None:
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
    figure = Figure(figsize=(_WIDTH, 1.2 + 0.4 * len(rows)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(grid, aspect="auto", cmap="viridis")
    axes.set_xticks(range(len(columns)), map(label, columns))
    axes.set_yticks(range(len(rows)), map(label, rows))
    axes.set(xlabel=label(across), ylabel=label(down))
    if grid.size <= 200:
        _write_values(axes, grid)
    figure.colorbar(image, label=label(metric))
    return figure


def _write_values(axes: Axes, grid: np.ndarray) -> None:
    middle = (np.nanmin(grid) + np.nanmax(grid)) / 2
    for (row, column), value in np.ndenumerate(grid):
        if not isnan(value):
            color = "w" if value < middle else "k"
            axes.text(column, row, f"{value:.3g}", ha="center", va="center", color=color)


def _parallel(table: ReportTable) -> Figure | None:
    """A line per group, through its settings to the first metric."""
    if len(table.settings) < 2 or not table.lines:
        return None
    metric, all_lines = next(iter(table.lines.items()))
    lines = [line for line in all_lines if line.finite_mean is not None]
    if len(lines) < 2:
        return None
    label, settings = table.config.label, table.settings
    figure = Figure(figsize=(_WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    heights = list[list[float]]()
    for column, setting in enumerate(settings):
        values = _sorted(line.group.settings[setting] for line in lines)
        height = {value: rank / max(1, len(values) - 1) for rank, value in enumerate(values)}
        heights.append([height[line.group.settings[setting]] for line in lines])
        for value in values if len(values) <= 20 else ():
            axes.text(column, height[value], f" {label(value)}", va="center", fontsize=8)
    means = np.array([line.mean for line in lines], dtype=float)
    heights.append(list((means - means.min()) / (float(np.ptp(means)) or 1.0)))
    curves = [np.array(list(enumerate(points))) for points in zip(*heights, strict=True)]
    axes.add_collection(LineCollection(curves, array=means, cmap="viridis", alpha=0.7))
    axes.autoscale()
    for height, value in ((0.0, means.min()), (1.0, means.max())):
        axes.text(len(settings), height, f" {value:.4g}", va="center", fontsize=8)
    axes.set_xticks(range(len(heights)), [*map(label, settings), label(metric)])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return figure


class _Drawer(NamedTuple):
    """A figure's function, and what it needs in a table."""

    draw: Callable[[ReportTable], Figure | None]
    needs: str


_DRAWERS = {
    "comparison": _Drawer(_intervals, "a metric"),
    "curves": _Drawer(_curves, "metrics that tasks log with a step"),
    "heatmap": _Drawer(_heatmap, "two settings that vary, each with two values or more"),
    "ranks": _Drawer(
        lambda table: draw_ranks(table, _WIDTH),
        "three systems or more on three data sets or more, and a metric of a known direction",
    ),
    "parallel": _Drawer(_parallel, "two settings that vary, or more"),
}


def _texts(table: ReportTable) -> list[str]:
    """All labels of the figures."""
    label = table.config.label
    settings = [pair for group in table.groups for pair in group.settings.items()]
    return [label(text) for text in (*table.lines, *(text for pair in settings for text in pair))]


def _sorted(values: Iterable[str]) -> list[str]:
    """Each value once: numbers by size, otherwise by the alphabet."""
    unique = set(values)
    try:
        return sorted(unique, key=float)
    except ValueError:
        return sorted(unique)


def _fonts(texts: Iterable[str]) -> list[str]:
    """Matplotlib's own font, and another one for letters that it does not have, such as kanji."""
    missing = set("".join(texts)) - _letters(font_manager.findfont("DejaVu Sans")) - set("\n\t")
    if not missing:
        return ["DejaVu Sans"]
    _add_new_fonts()
    fonts = [
        font
        for font in font_manager.fontManager.ttflist
        if (font.weight, font.style) == (400, "normal")
    ]
    fonts.sort(
        key=lambda font: ("Sans" not in font.name, "Mono" in font.name, "JP" not in font.name)
    )
    for font in fonts:
        if missing <= _letters(font.fname):
            return ["DejaVu Sans", font.name]
    raise LabkartError(
        f'No font on this machine has "{"".join(sorted(missing))[:10]}": figures would show boxes. '
        "Install one, for example fonts-noto-cjk, or give these another name under labels."
    )


def _letters(font: str) -> set[str]:
    """The letters of a font; LastResort, which shows boxes for all letters, has none."""
    face = FT2Font(font)
    is_last_resort = "LastResort" in face.family_name.replace(" ", "")
    return set() if is_last_resort else set(map(chr, face.get_charmap()))


def _add_new_fonts() -> None:
    """Add the fonts that were installed since Matplotlib looked for fonts, which it does once."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in set(font_manager.findSystemFonts()) - known:
        with suppress(RuntimeError, OSError):  # not a font
            font_manager.fontManager.addfont(file)
