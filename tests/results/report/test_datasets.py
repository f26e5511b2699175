"""Systems on several data sets: a baseline for each, and what the data sets say together."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from labkart.errors import LabkartError
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import config, formats, latex
from labkart.results.report.figures.figures import draw
from labkart.results.report.method import method
from labkart.results.report.table import ReportTable, compare_groups
from labkart.results.report.table_numbers import csv_text, differences, numbers_of
from tests.support.runs import LABKART, experiment

SYSTEMS = ("deep", "forest", "linear", "tree")
DATASETS = ("adult", "coffee", "digits", "glass", "iris", "wine")


def runs(
    systems: Sequence[str] = SYSTEMS, datasets: Sequence[str] = DATASETS, setting: str = "data"
) -> list[ExperimentRecord]:
    """Records of each system on each data set, with three seeds; deep is best on most."""
    records = list[ExperimentRecord]()
    for number, dataset in enumerate(datasets):
        for rank, model in enumerate(systems):
            for seed in range(3):
                settings = {"model": model, setting: dataset, "seed": seed}
                records.append(
                    experiment(
                        model,
                        seed,
                        0.9
                        - 0.03 * rank
                        + 0.01 * ((number * (rank + 2)) % 5)
                        + seed * (1 + rank) / 1e3,
                        id=f"{model}{dataset}{seed}",
                        overrides=[f"model={model}", f"{setting}={dataset}", f"seed={seed}"],
                        settings=settings,
                        config={**settings, "labkart": LABKART},
                    )
                )
    return records


def table_of(records: Sequence[ExperimentRecord], **settings: Any) -> ReportTable:
    ranking = Ranking(metric="score", directions=Directions(["score"]))
    report_config = config.parse("models", {"metrics": ["score"], **settings}, "here")
    return compare_groups(report_config, ranking.group(list(records)), ranking)


def row_of(table: ReportTable, model: str, dataset: str) -> Any:
    """The line of a system on a data set."""
    (line,) = (
        line
        for line in table.lines["score"]
        if line.group.settings["model"] == model and dataset in line.group.settings.values()
    )
    return line


def test_each_data_set_has_its_baseline_its_tests_and_its_best_system(root: Path) -> None:
    table = table_of(runs(), baseline="model=linear")
    assert table.settings == ["data", "model"]
    assert [line.group.settings["data"] for line in table.lines["score"]][::4] == list(DATASETS)
    assert [line.group.settings["model"] for line in table.lines["score"] if line.best] == [
        *("deep", "deep", "deep", "forest", "deep", "deep")
    ]
    assert table.test_count == 3 * len(DATASETS)
    line, base = row_of(table, "deep", "wine"), row_of(table, "linear", "wine")
    assert line.test.p == pytest.approx(stats.ttest_rel(line.values, base.values).pvalue)
    assert line.test.difference == pytest.approx(np.mean(line.values) - np.mean(base.values))
    assert base.test is None
    text = method(table)
    assert "Best mean of each data set" in text
    assert "to the baseline (model linear) of the same data set in pairs of runs" in text
    assert "All runs of a data set share the results of Evaluate and differ in seed" in text


def test_another_setting_may_name_the_data_set(root: Path) -> None:
    records = runs(datasets=DATASETS[:2], setting="corpus")
    with pytest.raises(LabkartError, match="must hold for one of the groups, but holds for 2"):
        table_of(records, baseline="model=linear")
    assert len(table_of(records, baseline="model=linear", datasets="corpus").baselines) == 2
    with pytest.raises(LabkartError, match="datasets: the runs do not differ in corpora"):
        table_of(records, datasets="corpora")


def test_data_that_is_compared_is_no_data_set(root: Path) -> None:
    """As it is when the baseline names it, when nothing else differs, or when a person says so."""
    records = runs(["deep", "tree"], ["raw", "clean"])
    assert table_of(records).datasets.names == ["clean", "raw"]
    table = table_of(records, baseline=["data=raw", "model=tree"])
    assert not table.datasets.names and len(table.all_pairs) == 3
    assert not table_of(records, datasets="none").datasets.names
    assert not table_of([run for run in records if run.settings["model"] == "tree"]).datasets.names


def test_a_data_set_without_its_baseline_is_named(root: Path) -> None:
    records = [run for run in runs() if run.id[:10] != "linearwine"]
    with pytest.raises(LabkartError, match="one of the groups of wine, but holds for none"):
        table_of(records, baseline="model=linear")


def test_three_systems_are_compared_by_their_ranks_over_data_sets(root: Path) -> None:
    records = [run for run in runs() if run.id[:8] != "treewine"]
    table = table_of(records, baseline="model=linear")
    (overall,) = table.overalls
    means = [[row_of(table, model, name).mean for name in DATASETS] for model in SYSTEMS[:3]]
    expected = stats.friedmanchisquare(*means)
    assert overall.p == pytest.approx(expected.pvalue)
    assert overall.ranks == pytest.approx([7 / 6, 11 / 6, 3])
    assert [system["model"] for system in overall.systems] == ["deep", "forest", "linear"]
    text = method(table)
    assert f"score: χ²(2) = {expected.statistic:.2f}, p = 0.006, critical difference 1.35" in text
    assert "Demšar 2006" in text and "Without ranks, as not on every data set: model tree." in text
    markdown = formats.markdown(table)
    assert "_Mean rank over 6 data sets (1 is best)_" in markdown and "| deep | 1.17 |" in markdown
    titles = [title for title, _ in formats.columns(table)]
    assert titles == ["", "Mean rank over 6 data sets (1 is best)"]


def test_two_systems_are_compared_by_pairs_of_data_sets(root: Path) -> None:
    table = table_of(runs(("deep", "forest")), metrics=["score", "val_loss"], primary=["score"])
    by_score, by_loss = table.overalls
    means = [[row_of(table, model, name).mean for name in DATASETS] for model in ("deep", "forest")]
    differences = np.round(np.subtract(*means), 9)
    assert by_score.test.p == pytest.approx(0.0625), differences
    assert by_score.test.difference == pytest.approx(differences.mean())
    assert by_loss.test.difference == pytest.approx(-differences.mean())
    assert by_loss.ranks == by_score.ranks and by_loss.p == by_loss.test.p
    assert "of means paired by data set (Demšar 2006, JMLR 7): score: model deep minus" in method(
        table
    )


def test_a_few_data_sets_have_ranks_and_no_test(root: Path) -> None:
    table = table_of(runs(datasets=DATASETS[:2]))
    (overall,) = table.overalls
    assert overall.ranks == [1.0, 2.0, 3.0, 4.0] and overall.p is None
    assert (
        "No test over the data sets: 4 systems on 2 data sets, 3 systems on 3 data sets are needed."
        in method(table)
    )
    with pytest.raises(LabkartError, match="figures: ranks needs three systems or more on three"):
        draw(table_of(runs(datasets=DATASETS[:2]), figures=["ranks"]))
    assert table_of(runs(), test="none").overalls[0].p is None


def test_a_metric_whose_direction_is_not_known_has_no_ranks(root: Path) -> None:
    records = runs(datasets=DATASETS[:3])
    for run in records:
        run.metrics["gain"] = run.metrics["score"]
    assert [one.metric for one in table_of(records, metrics=["gain", "score"]).overalls] == [
        "score"
    ]


def test_the_numbers_of_pairs_and_ranks_are_in_the_csv(root: Path) -> None:
    table = table_of(runs(datasets=DATASETS[:3]), baseline="model=linear", pairs="all")
    rows = list(csv.DictReader(csv_text(table).splitlines()))
    pairs = [row for row in rows if row["against"]]
    assert len(pairs) == 3 * 6 and {row["against"] for row in pairs} >= {"model=linear"}
    ranks = {row["model"]: row for row in rows if row["mean_rank"]}
    assert [float(ranks[model]["mean_rank"]) for model in SYSTEMS] == [1.0, 2.0, 3.0, 4.0]
    assert {row["data"] for row in ranks.values()} == {""}
    assert float(ranks["deep"]["p"]) == pytest.approx(stats.chi2.sf(9, 3))


def test_the_numbers_of_pairs_and_ranks_are_compared_with_those_of_other_runs(root: Path) -> None:
    systems = ("deep", "forest", "linear")
    table = table_of(runs(systems), baseline="model=linear", pairs="all")
    numbers = numbers_of(table)
    assert list(differences(numbers, numbers, 1e-9)) == []
    worse = runs(systems)
    for run in worse:
        if run.id.startswith("deepwine"):
            run.metrics["score"] = 0.5
    again = numbers_of(table_of(worse, baseline="model=linear", pairs="all"))
    changes = [
        change.partition(":")[0]
        for change in differences(numbers, again, 1e-9)
        if "p_holm" not in change
    ]
    names = ", ".join(DATASETS)
    assert {
        "score of data=wine model=deep",
        "score of data=wine model=deep against data=wine model=forest",
        f"score of model=deep over {names}",
    } <= {*changes}
    assert not any("data=iris" in change for change in changes if "against" not in change)
    alone = numbers_of(table_of(runs(systems)))
    lost = list(differences(numbers, alone, 1e-9))
    assert "score of data=wine model=deep against data=wine model=forest: pairs 3 -> none" in lost


def test_the_diagram_joins_the_systems_that_are_not_told_apart(root: Path) -> None:
    table = table_of(runs(), figures=["ranks"], labels={"linear": "Logistic regression"})
    figure = draw(table)["ranks"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "Logistic regression (3.00)" in texts and "deep (1.17)" in texts
    assert any("critical difference 1.91" in text for text in texts)
    bars = [line for line in figure.axes[0].lines if line.get_linewidth() == 3]
    assert [list(map(float, bar.get_xdata())) for bar in bars] == [
        pytest.approx([7 / 6, 3.0], abs=0.05),
        pytest.approx([3.0, 4.0], abs=0.05),
    ]


def test_a_table_of_data_sets_and_pairs_compiles(root: Path) -> None:
    text = latex.latex(table_of(runs(datasets=DATASETS[:3]), pairs="all"))
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 3
    assert text.count(r"\toprule") == 2 * text.count(r"\bottomrule") == 6
    assert r"$\chi$$^2$(3)" in text
