"""Figures that fit a page, that readers tell apart without colours, and that explain themselves."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import config
from labkart.results.report.figures import style
from labkart.results.report.figures.figures import draw, figure_files
from labkart.results.report.table import ReportTable, compare_groups
from tests.support.runs import experiment, task_run
from tests.support.variants import variants

pytestmark = pytest.mark.integration

TEN = [f"score_{number}" for number in range(10)]


def experiments(
    models: list[str], metrics: list[str], seeds: int = 3, **task: Any
) -> list[ExperimentRecord]:
    return [
        experiment(
            model,
            seed,
            0.5,
            task_run(**task),
            id=f"{model}{seed}",
            metrics=dict.fromkeys(metrics, 0.7 + seed / 50 + number / 100),
        )
        for number, model in enumerate(models)
        for seed in range(seeds)
    ]


def table_of(records: list[ExperimentRecord], **settings: Any) -> ReportTable:
    ranking = Ranking(metric="score_0", directions=Directions(["score"]))
    return compare_groups(config.parse("models", settings, "here"), ranking.group(records), ranking)


def drawn(records: list[ExperimentRecord], name: str, **settings: Any) -> Figure:
    return draw(table_of(records, figures=[name], **settings))[name]


@pytest.mark.parametrize(
    ("metrics", "models"), variants([(3, 3), (30, 60), (1, 1), (10, 3), (3, 60)])
)
def test_a_comparison_fits_a_page(root: Path, metrics: int, models: int) -> None:
    names = [f"score_{number}" for number in range(metrics)]
    records = experiments([f"a_long_name_of_a_model_{n}" for n in range(models)], names)
    figure = drawn(records, "comparison")
    width, height = figure.get_size_inches()
    assert width == style.WIDTH and height <= style.HEIGHT
    assert len(figure.axes) == min(metrics, 14)
    figure.draw_without_rendering()
    frames = [axes.get_tightbbox() for axes in figure.axes]
    for number, frame in enumerate(frames):
        assert frame is not None and frame.x0 >= 0 and frame.x1 <= figure.bbox.x1 + 1
        others = [other for other in frames[number + 1 :] if other is not None]
        assert not any(frame.shrunk(0.95, 0.95).overlaps(other) for other in others)
    if models == 60:
        assert "the best " in figure.get_supxlabel() and " of 60 groups" in figure.get_supxlabel()


def test_curves_differ_without_colour_and_the_legend_has_what_is_drawn(root: Path) -> None:
    models = [f"m{number}" for number in range(14)]
    silent = experiments(["silent"], ["score_0"])
    figure = drawn([*experiments(models, ["score_0"], steps=20), *silent], "curves")
    lines = [line for line in figure.axes[0].lines if isinstance(line, Line2D)]
    looks = {(line.get_linestyle(), line.get_marker()) for line in lines}
    assert len(looks) == len(lines) == style.MOST_STYLES
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == len(lines) and "silent" not in labels
    assert "the best 12 of 14 groups" in figure.get_supxlabel()
    assert "band: ± one standard deviation" in figure.get_supxlabel()


def test_a_single_run_has_neither_a_legend_nor_a_band(root: Path) -> None:
    figure = drawn(experiments(["m"], ["score_0"], seeds=1, steps=5), "curves")
    assert not figure.legends
    assert figure.get_supxlabel() == "line: mean over the runs"


@pytest.mark.parametrize("label", ["m{}", "model{}", "a longer name of a model {}", "長い名前{}"])
def test_a_legend_is_not_wider_than_the_page(root: Path, label: str) -> None:
    names = [label.format(number) for number in range(9)]
    figure = drawn(experiments(names, ["score_0"], seeds=1, steps=5), "curves")
    (legend,) = figure.legends
    assert 0 <= legend.get_window_extent().x0 < legend.get_window_extent().x1 <= figure.bbox.x1


def test_the_best_mean_has_a_marker_of_its_own(root: Path) -> None:
    figure = drawn(experiments(["a", "b"], ["score_0"]), "comparison")
    best, other = (figure.axes[0].lines[number] for number in (5, 2))
    assert (best.get_marker(), other.get_marker()) == ("D", "o")


def test_labels_keep_what_tells_them_apart() -> None:
    labels = [style.shorten(f"{'a_very_long_name_' * 5}{number}") for number in range(3)]
    assert len(set(labels)) == 3
    assert all(len(line) <= 28 for label in labels for line in label.split("\n"))


def test_fonts_in_a_pdf_are_truetype(root: Path) -> None:
    table = table_of(experiments(["a", "b"], ["score_0"]), figures=["comparison"])
    files = figure_files(table)
    (content,) = (content for file, content in files.items() if file.suffix == ".pdf")
    assert b"/CIDFontType2" in content or b"/TrueType" in content
    assert b"/Type3" not in content


def test_all_figures_of_several_data_sets_fit_a_page(root: Path) -> None:
    records = [
        experiment(
            model,
            seed,
            0.5,
            id=f"{data}{model}{seed}",
            metrics=dict.fromkeys(TEN, 0.5 + (number + len(data)) / 100 + seed / 1000),
            settings={"data": data, "model": model, "seed": seed},
            config={"data": data, "model": model, "seed": seed},
            overrides=[f"data={data}", f"model={model}", f"seed={seed}"],
        )
        for data in ("a", "bb", "ccc", "dddd")
        for number, model in enumerate(("x", "y", "a_model_with_quite_a_long_name_" * 2))
        for seed in range(2)
    ]
    figures = draw(table_of(records))
    assert list(figures) == ["comparison", "ranks"]
    assert all(figure.get_figheight() <= style.HEIGHT for figure in figures.values())
    assert "of 10 metrics" in figures["ranks"].get_supxlabel()
    labels = [text.get_text() for text in figures["comparison"].axes[0].get_yticklabels()]
    first = [label.split(",")[0] for label in labels[::-1]]
    assert first == sorted(first), "data set by data set"
