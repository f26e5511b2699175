"""A comparison as figures: means with intervals, learning curves, a heat map, parallel coordinates. Writes no file."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from statistics import fmean, stdev

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from labkart.errors import LabkartError
from labkart.records.seeds import Group
from labkart.results.report.formats import groups_told, level
from labkart.results.report.table import ReportTable

_WIDTH = 6.3  # inches, of a text column on A4
_LINES = 12  # groups beyond these cannot be told apart by colour
_ROWS = 40  # lines that fit on a page
_CELLS = 2500  # of a heat map


def draw(comparison: ReportTable) -> dict[str, Figure]:
    """The figures that a definition asks for, or each that there is something to show in.

    Raises:
        LabkartError: one that is asked for has nothing to show, or no font of this machine has the letters.
    """
    asked = comparison.definition.figures
    texts = [
        *groups_told(comparison),
        *map(comparison.definition.label, comparison.lines),
        *_words(comparison),
    ]
    found = dict[str, Figure]()
    with rc_context(
        {"font.family": _fonts(texts), "axes.spines.top": False, "axes.spines.right": False}
    ):
        for name, (drawer, wants) in _FIGURES.items():
            if asked and name not in asked:
                continue
            if figure := drawer(comparison):
                figure.draw_without_rendering()  # ticks take their font when they are made
                figure.set_layout_engine("none")  # it stays as it is laid out now, in each format
                found[name] = figure
            elif asked:
                raise LabkartError(f"figures: {name} wants {wants}.")
    return found


def _intervals(comparison: ReportTable) -> Figure | None:
    """Means with their confidence intervals, a panel a metric."""
    metrics = list(comparison.lines)
    count = len(comparison.groups)
    height = 0.7 + 0.28 * min(count, _ROWS)
    figure = Figure(figsize=(_WIDTH, height * len(metrics)), layout="constrained")
    told = dict(zip(map(id, comparison.groups), groups_told(comparison), strict=True))
    for axes, metric in zip(
        figure.subplots(len(metrics), squeeze=False)[:, 0], metrics, strict=True
    ):
        lines = [line for line in comparison.lines[metric] if line.mean is not None][:_ROWS][::-1]
        axes.set_title(f"the best {_ROWS} of {count}" if count > _ROWS else "", fontsize="medium")
        for at, line in enumerate(lines):
            around = line.interval
            if around:
                axes.plot(
                    [around.low, around.high],
                    [at, at],
                    color="#5c708a",
                    linewidth=2,
                    solid_capstyle="butt",
                )
            axes.plot(line.values, [at] * len(line.values), "|", color="#94a0af", markersize=6)
            axes.plot(
                [line.mean], [at], "o", color="#1f7a64" if line.best else "#1f2933", markersize=5
            )
        axes.set_yticks(range(len(lines)), [told[id(line.group)] for line in lines])
        what = (
            f", {level(comparison.definition.level)} interval"
            if any(line.interval for line in lines)
            else ""
        )
        axes.set_xlabel(f"{comparison.definition.label(metric)}{what}")
        axes.margins(y=0.3 / max(1, len(lines)))
    return figure


def _curves(comparison: ReportTable) -> Figure | None:
    """Metrics by step: the mean over seeds, and a band of one standard deviation."""
    groups = comparison.groups[:_LINES]
    curves = {id(group): _stepped(group) for group in groups}
    metrics = list(dict.fromkeys(name for each in curves.values() for name in each))
    if not metrics:
        return None
    figure = Figure(figsize=(_WIDTH, 2.6 * len(metrics)), layout="constrained")
    told = groups_told(comparison)
    for axes, metric in zip(
        figure.subplots(len(metrics), squeeze=False)[:, 0], metrics, strict=True
    ):
        for group, name in zip(groups, told, strict=False):
            steps = curves[id(group)].get(metric, {})
            x = sorted(steps)
            mean = np.array([fmean(steps[step]) for step in x])
            band = np.array([stdev(steps[step]) if len(steps[step]) > 1 else 0.0 for step in x])
            (line,) = axes.plot(x, mean, label=name)
            axes.fill_between(
                x, mean - band, mean + band, color=line.get_color(), alpha=0.2, linewidth=0
            )
        axes.set(xlabel="step", ylabel=comparison.definition.label(metric))
    figure.axes[0].legend(frameon=False)
    return figure


def _heatmap(comparison: ReportTable) -> Figure | None:
    """The first metric over two settings."""
    if len(comparison.settings) != 2 or not comparison.lines:
        return None
    (down, across), (metric, lines) = comparison.settings, next(iter(comparison.lines.items()))
    means = {(line.group.settings[down], line.group.settings[across]): line.mean for line in lines}
    rows, columns = (_sorted({key[at] for key in means}) for at in (0, 1))
    if min(len(rows), len(columns)) < 2 or len(rows) * len(columns) > _CELLS:
        return None
    grid = np.array(
        [[np.nan if (v := means.get((row, col))) is None else v for col in columns] for row in rows]
    )
    figure = Figure(figsize=(_WIDTH, 1.2 + 0.4 * len(rows)), layout="constrained")
    axes, label = figure.subplots(), comparison.definition.label
    image = axes.imshow(grid, aspect="auto", cmap="viridis")
    axes.set_xticks(range(len(columns)), map(label, columns))
    axes.set_yticks(range(len(rows)), map(label, rows))
    axes.set(xlabel=label(across), ylabel=label(down))
    middle = (np.nanmin(grid) + np.nanmax(grid)) / 2
    for (row, column), value in np.ndenumerate(grid):
        if value == value and grid.size <= 200:
            axes.text(
                column,
                row,
                f"{value:.3g}",
                ha="center",
                va="center",
                color="w" if value < middle else "k",
            )
    figure.colorbar(image, label=label(metric))
    return figure


def _parallel(comparison: ReportTable) -> Figure | None:
    """A line a group through its settings to the first metric."""
    if len(comparison.settings) < 2 or not comparison.lines:
        return None
    metric, lines = next(iter(comparison.lines.items()))
    lines = [line for line in lines if line.mean is not None and line.mean == line.mean]
    if len(lines) < 2:
        return None
    label = comparison.definition.label
    figure = Figure(figsize=(_WIDTH, 3.2), layout="constrained")
    axes, places = figure.subplots(), []
    for at, name in enumerate(comparison.settings):
        words = _sorted({line.group.settings[name] for line in lines})
        height = {word: place / max(1, len(words) - 1) for place, word in enumerate(words)}
        places.append([height[line.group.settings[name]] for line in lines])
        for word in words if len(words) <= 20 else ():
            axes.text(at, height[word], f" {label(word)}", va="center", fontsize=8)
    means = np.array([line.mean for line in lines], dtype=float)
    low, width = means.min(), float(np.ptp(means)) or 1.0
    places.append(list((means - low) / width))
    threads = np.array([list(enumerate(each)) for each in zip(*places, strict=True)])
    axes.add_collection(LineCollection(list(threads), array=means, cmap="viridis", alpha=0.7))
    axes.autoscale()
    for place, value in ((0.0, low), (1.0, means.max())):
        axes.text(len(comparison.settings), place, f" {value:.4g}", va="center", fontsize=8)
    axes.set_xticks(range(len(places)), [*map(label, comparison.settings), label(metric)])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return figure


_FIGURES: dict[str, tuple[Callable[[ReportTable], Figure | None], str]] = {
    "comparison": (_intervals, "a metric"),
    "curves": (_curves, "metrics that tasks log with a step"),
    "heatmap": (_heatmap, "two settings that vary, each with two values or more"),
    "parallel": (_parallel, "two settings that vary, or more"),
}


def _stepped(group: Group) -> Mapping[str, Mapping[int, list[float]]]:
    """By metric and step the values of all runs."""
    found: dict[str, dict[int, list[float]]] = {}
    for record in group.records:
        for use in record.tasks if record.status == "finished" else ():
            for name, value, step, _ in use.result.get("metrics", ()):
                if step is not None:
                    found.setdefault(name, {}).setdefault(step, []).append(value)
    return {name: steps for name, steps in found.items() if len(steps) > 1}


def _words(comparison: ReportTable) -> Iterable[str]:
    label = comparison.definition.label
    return [
        label(each)
        for group in comparison.groups
        for pair in group.settings.items()
        for each in pair
    ]


def _sorted(words: Iterable[str]) -> list[str]:
    """Numbers by size, and else by the alphabet."""
    words = list(words)
    try:
        return sorted(words, key=float)
    except ValueError:
        return sorted(words)


def _fonts(texts: Iterable[str]) -> list[str]:
    """Matplotlib's own font, and one of this machine's for letters that it has not, for example Japanese ones."""
    own = font_manager.findfont("DejaVu Sans")
    lacking = set("".join(texts)) - _letters(own) - set("\n\t")
    if not lacking:
        return ["DejaVu Sans"]
    _add_new_fonts()
    every = font_manager.fontManager.ttflist
    plain = [font for font in every if (font.weight, font.style) == (400, "normal")]
    for font in sorted(
        plain,
        key=lambda font: ("Sans" not in font.name, "Mono" in font.name, "JP" not in font.name),
    ):
        if lacking <= _letters(font.fname):
            return ["DejaVu Sans", font.name]
    raise LabkartError(
        f'No font on this machine has "{"".join(sorted(lacking))[:10]}": figures would show boxes. Install one, '
        "for example fonts-noto-cjk, or give these another name under labels."
    )


def _letters(font: str) -> set[str]:
    """The letters that a font has; the one that shows boxes for all of them has none."""
    read = FT2Font(font)
    return (
        set()
        if "LastResort" in read.family_name.replace(" ", "")
        else set(map(chr, read.get_charmap()))
    )


def _add_new_fonts() -> None:
    """Tell Matplotlib of the fonts that were installed since it looked, which it does once."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in set(font_manager.findSystemFonts()) - known:
        with suppress(RuntimeError, OSError):  # a file that is none
            font_manager.fontManager.addfont(file)
