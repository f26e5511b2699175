"""The compact tables: what stands in which cell, and what the marks and the legend say."""

from typing import Any

import pytest

from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import config, formats
from labkart.results.report.layouts import all_cells, cells_of
from labkart.results.report.method import caption, method
from labkart.results.report.table import ReportTable, compare_groups
from tests.support.runs import all_experiments, experiment


def table_of(records: list[ExperimentRecord], **settings: Any) -> ReportTable:
    ranking = Ranking(metric="score", directions=Directions(["score"]))
    return compare_groups(config.parse("models", settings, "here"), ranking.group(records), ranking)


def texts(table: ReportTable) -> list[list[str]]:
    cells = cells_of(table)
    return [cells.head, *(list(map(str, row)) for row in cells.rows)]


@pytest.fixture
def records(root: object) -> list[ExperimentRecord]:
    return all_experiments()


def test_metrics_in_columns_have_a_row_per_system_with_marks(
    records: list[ExperimentRecord],
) -> None:
    table = table_of(records, layout="metrics", baseline="model=linear")
    assert texts(table) == [
        ["model", "score ↑", "val_loss ↓"],
        ["forest", "0.927 ± 0.017‡", "0.072 ± 0.017‡"],
        ["deep", "0.93 ± 0.04‡", "0.07 ± 0.04‡"],
        ["linear", "0.828 ± 0.028", "0.172 ± 0.028"],
    ]
    bold = [[cell.bold for cell in row] for row in cells_of(table).rows]
    assert bold == [[False, True, True], [False, True, True], [False, False, False]], "all ties"


def test_systems_in_columns_are_the_same_cells_turned(records: list[ExperimentRecord]) -> None:
    settings = {"baseline": ["model=linear"], "labels": {"forest": "Random forest"}}
    table = table_of(records, layout="systems", **settings)
    by_metric = texts(table_of(records, layout="metrics", **settings))
    turned = [list(column) for column in zip(*by_metric, strict=True)]
    assert texts(table) == turned
    assert texts(table)[0] == ["model", "Random forest", "deep", "linear"]


def test_the_mark_is_that_of_the_corrected_p_value(records: list[ExperimentRecord]) -> None:
    table = table_of(records, layout="metrics", baseline="model=linear", metrics=["score"])
    line = next(line for line in table.lines["score"] if line.pair)
    assert line.pair
    for p, mark in ((0.05, ""), (0.0499, "†"), (0.01, "†"), (0.0099, "‡"), (None, "")):
        line.pair.p = p
        cell = next(row for row in texts(table) if row[0] == line.group.settings["model"])
        assert cell[1].lstrip("0123456789.± ") == mark


def test_the_legend_names_marks_test_baseline_and_correction(
    records: list[ExperimentRecord],
) -> None:
    text = method(table_of(records, layout="metrics", baseline="model=linear"))
    assert "Mean ± standard deviation of the sample (n - 1) of 4 runs, over seed." in text
    assert "† p < 0.05, ‡ p < 0.01: mean difference to the baseline (model linear)" in text
    assert "two-sided paired t-test" in text and "Holm-corrected" in text
    assert "Δ" not in text and "d_z" not in text and "interval of the mean" not in text


def test_numbers_of_runs_that_differ_have_a_column(records: list[ExperimentRecord]) -> None:
    for record in records[:2]:
        del record.metrics["val_loss"]
    table = table_of(records[:-1], layout="metrics")
    assert texts(table)[0] == ["model", "n", "score ↑", "val_loss ↓"]
    counts = {row[0]: row[1] for row in texts(table)[1:]}
    assert counts == {"forest": "2 to 4", "linear": "4", "deep": "3"}
    assert "of n runs, over seed" in method(table)
    assert texts(table_of(records[:-1], layout="systems"))[1][0] == "n"


@pytest.fixture
def two_datasets(root: object) -> list[ExperimentRecord]:
    made = list[ExperimentRecord]()
    for data, model, score in (("a", "x", 0.5), ("a", "y", 0.6), ("b", "x", 0.8)):
        for seed in range(3):
            settings = {"data": data, "model": model, "seed": seed}
            made.append(
                experiment(
                    model,
                    seed,
                    score + seed / 100,
                    id=f"{data}{model}{seed}",
                    settings=settings,
                    config=settings,
                    overrides=[f"data={data}", f"model={model}", f"seed={seed}"],
                )
            )
    return made


def test_each_data_set_has_a_section_and_its_own_best(two_datasets: list[ExperimentRecord]) -> None:
    by_metric = table_of(two_datasets, layout="metrics", metrics=["score"])
    cells = cells_of(by_metric)
    assert cells.head == ["model", "score ↑"]
    assert [(part.title, [str(row[0]) for row in part.rows]) for part in cells.sections] == [
        ("a", ["y", "x"]),
        ("b", ["x"]),
    ]
    by_system = cells_of(table_of(two_datasets, layout="systems", metrics=["score"]))
    last = by_system.sections[1].rows[0]
    assert [str(cell) for cell in last] == ["score ↑", "0.810 ± 0.010", "-"], "y did not run on b"


def test_all_pairs_follow_a_compact_table(records: list[ExperimentRecord]) -> None:
    table = table_of(records, layout="systems", pairs="all", metrics=["score"])
    _, pairs = all_cells(table)
    assert pairs.sections[0].title.startswith("All pairs") and len(pairs.rows) == 3
    assert "d_z: Cohen's d_z" in method(table)


def test_the_caption_is_the_title_and_what_was_allowed(records: list[ExperimentRecord]) -> None:
    table = table_of(records, title="Which wins?", allow=["dirty"])
    assert caption(table) == "Which wins? Not the same in all runs, as allowed: dirty."
    text = formats.markdown(table)
    assert text.splitlines()[0] == "### Which wins?"
    assert "Not the same in all runs, as allowed: dirty." in text
    assert caption(table_of(records)) == "Models."
