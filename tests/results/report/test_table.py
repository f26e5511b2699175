"""What a table tests: items of several metrics, folds, and the metrics that are declared."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkart.errors import LabkartError
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import config, formats, paired, settings
from labkart.results.report.cautions import cautions
from labkart.results.report.layouts import all_cells
from labkart.results.report.method import method
from labkart.results.report.statistics import holm
from labkart.results.report.table import ReportTable, compare_groups
from tests.support.runs import all_experiments, experiment, task_run
from tests.support.tiny import write


@pytest.fixture
def records(root: Path) -> list[ExperimentRecord]:
    return all_experiments()


def table_of(records: Sequence[ExperimentRecord], **settings: Any) -> ReportTable:
    ranking = Ranking(metric="score", directions=Directions(["score"]))
    settings = {"baseline": "model=linear", **settings}
    return compare_groups(
        config.parse("models", settings, "here"), ranking.group(list(records)), ranking
    )


def test_the_tests_that_a_report_may_name_are_those_that_there_are() -> None:
    assert tuple(paired.TESTS) == settings.TESTS


def test_items_belong_to_the_metrics_whose_columns_they_have(root: Path) -> None:
    records = list[ExperimentRecord]()
    for model, more in (("linear", 0), ("forest", 1)):
        task = task_run(tables=["per_query.csv"])
        task.id = model
        rows = "".join(f"q{n},{n},{more * (n > 0)}\n" for n in range(9))
        rows = rows if model == "linear" else rows.replace(",8,", ",9,")
        write(
            root,
            **{f"outputs/records/tasks/Evaluate_{model}/per_query.csv": f"query,ndcg,hit\n{rows}"},
        )
        metrics = {"score": 0.5, "ndcg": 0.5, "hit": 0.5}
        records.append(replace(experiment(model, 0, 0.5, task), metrics=metrics))
    table = table_of(records, items="per_query", test="mcnemar")
    found = {name: line.test for name, lines in table.lines.items() for line in lines if line.test}
    hit, ndcg, score = found["hit"], found["ndcg"], found["score"]
    assert hit and ndcg and score
    assert (hit.pairs, hit.difference, hit.effect) == (9, pytest.approx(8 / 9), 0.5)
    assert hit.p == pytest.approx(2 / 2**8)
    assert (ndcg.difference, ndcg.obstacle) == (
        pytest.approx(1 / 9),
        "McNemar's test needs values of 0 and 1; the permutation test takes others, too, such as"
        " means over several runs",
    )
    assert score.obstacle == "per_query has no column score"
    (told,) = [text for text in cautions(table) if text.startswith("No test: ")]
    assert "the permutation test takes others" in told, "on the terminal, too"
    pairs = all_cells(table_of(records, items="per_query", pairs="all", baseline=[]))[-1]
    assert [str(row[0]) for row in pairs.rows] == ["ndcg", "hit"], "score was not tested"
    with pytest.raises(LabkartError, match=r"column hit has the values of one metric.* --metrics"):
        table_of(records, items="per_query:query:hit")


def test_of_a_metric_only_the_pairs_without_a_test_are_named(root: Path) -> None:
    scores = {"linear": (0.1, 0.2, 0.4), "copy": (0.1, 0.2, 0.4), "forest": (0.3, 0.5, 0.6)}
    runs = [
        experiment(model, seed, score)
        for model, values in scores.items()
        for seed, score in enumerate(values)
    ]
    table = table_of(runs, metrics=["score"])
    (told,) = [text for text in cautions(table) if text.startswith("No test: ")]
    assert told == "No test: score (model copy / model linear): all differences are the same."
    both = [run for run in runs if run.settings["model"] != "forest"]
    assert "No test: all differences are the same." in list(cautions(table_of(both)))


def test_the_runs_of_a_cross_validation_are_folds(records: list[ExperimentRecord]) -> None:
    plain = table_of(records).lines["score"][0]
    table = table_of(records, repeat="fold")
    line = table.lines["score"][0]
    assert table.folds == 4 and line.test and plain.test
    assert line.test.plain_p == plain.test.p and (line.test.p or 0) > (plain.test.p or 1)
    assert "pairs of 4 folds" in method(table) and "Nadeau and Bengio 2003" in method(table)


def test_only_primary_metrics_are_corrected_and_the_others_are_named(
    records: list[ExperimentRecord],
) -> None:
    two = [
        replace(record, metrics={**record.metrics, "loss": -record.metrics["score"]})
        for record in records
    ]
    table = table_of(two, primary=["score"])
    assert table.test_count == 2
    assert all(line.p == line.test.p for line in table.lines["loss"] if line.test)
    assert all((line.p or 0) >= (line.test.p or 1) for line in table.lines["score"] if line.test)
    text = method(table)
    assert "p of val_loss, loss is not corrected, as no part of that family" in text


def test_a_plain_test_of_folds_is_told_where_it_would_say_more(root: Path) -> None:
    """A p-value of 0.055 with the correction would be 0.011 without it."""
    scores = {"linear": [0.5, 0.5, 0.5, 0.5], "forest": [0.52, 0.51, 0.53, 0.515]}
    runs = [
        experiment(model, n, score) for model in scores for n, score in enumerate(scores[model])
    ]
    table = table_of(runs, metrics=["score"], repeat="fold")
    (pair,) = table.all_pairs
    assert pair.test.plain_p and pair.test.p and pair.test.plain_p < 0.05 < pair.test.p
    (caution,) = [text for text in cautions(table) if text.startswith("Folds share training data")]
    both = f"{pair.test.p:.3f} with the correction for folds, where a plain t-test would say"
    assert f"{both} {pair.test.plain_p:.3f} (score, model forest and model linear)" in caution
    assert caution in method(table)


def test_all_pairs_are_tested_and_corrected_together(records: list[ExperimentRecord]) -> None:
    table = table_of(records, pairs="all", metrics=["score", "val_loss"], primary=["score"])
    plain = table_of(records, metrics=["score", "val_loss"], primary=["score"])
    assert table.test_count == 3 and plain.test_count == 2
    ps = [pair.test.p for pair in table.pairs["score"]]
    assert [pair.p for pair in table.pairs["score"]] == holm([p for p in ps if p is not None])
    assert all(pair.p == pair.test.p for pair in table.pairs["val_loss"])
    lines = {line.group.settings["model"]: line for line in table.lines["score"]}
    before = {line.group.settings["model"]: line for line in plain.lines["score"]}
    assert lines["deep"].test == before["deep"].test and lines["linear"].test is None
    assert (lines["deep"].p or 0) >= (before["deep"].p or 1)
    text = method(table)
    assert "All pairs: each group is tested against each other in pairs of runs" in text
    assert "p of val_loss is not corrected, as no part of that family" in text
    markdown = formats.markdown(table)
    assert "_All pairs, first minus second_" in markdown and "| score | deep | linear |" in markdown


def test_all_pairs_need_no_baseline(records: list[ExperimentRecord]) -> None:
    table = table_of(records, pairs="all", baseline=[], metrics=["score"])
    assert table.test_count == 3 and not table.has_tests
    assert "Δ: the mean difference" in method(table) and "baseline" not in method(table)
    (_, means), (title, pairs) = formats.columns(table)
    assert [column.head for column in means] == ["model", "n", "score ↑", "95% interval"]
    assert title and [column.head for column in pairs] == ["first", "second", "Δ", "p", "d_z"]
    assert list(formats.columns(table_of(records, pairs="all", test="none")))[-1][0] != title


def test_a_baseline_may_have_several_conditions(records: list[ExperimentRecord]) -> None:
    every = [
        replace(record, settings={**record.settings, "features": kind}, id=f"{record.id}{kind}")
        for record in records
        for kind in ("raw", "scaled")
    ]
    for baseline in ("model=linear,features=raw", ["model=linear", "features=raw"]):
        (base,) = table_of(every, baseline=baseline).baselines
        assert base.settings == {"model": "linear", "features": "raw"}
    assert config.parse("models", {"baseline": "model=linear,deep"}, "here").baseline == [
        "model=linear,deep"
    ]
    with pytest.raises(LabkartError, match="baseline: model=tree and features=raw must hold"):
        table_of(every, baseline="model=tree,features=raw")


def test_what_is_not_finite_is_never_best(root: Path) -> None:
    odd = {"a": float("inf"), "b": float("nan"), "c": 0.5, "d": float("-inf"), "e": 0.4}
    table = table_of(
        [experiment(model, seed, score) for model, score in odd.items() for seed in (0, 1)],
        baseline=[],
    )
    for metric in ("score", "val_loss"):
        assert [line.group.settings["model"] for line in table.lines[metric] if line.best] == ["c"]


def test_the_mean_of_numbers_near_the_largest_one_has_a_deviation(root: Path) -> None:
    table = table_of(
        [experiment("a", seed, score) for seed, score in enumerate((1e308, 1.7e308))],
        baseline=[],
        metrics=["score"],
    )
    assert "| 2 | 1.350e+308 ± 4.950e+307 | - |" in formats.markdown(table)


def test_an_interval_that_no_share_can_have_is_told(root: Path) -> None:
    high = [
        replace(experiment("a", seed, 0.0), metrics={"accuracy": score})
        for seed, score in enumerate((0.9, 0.99))
    ]
    assert any("reach beyond 0 or 1" in text for text in cautions(table_of(high, baseline=[])))
    many = [replace(run, metrics={"accuracy": run.metrics["accuracy"] / 2}) for run in high]
    assert not any("beyond" in text for text in cautions(table_of(many, baseline=[])))


def test_a_group_that_is_constant_over_seeds_is_told_with_what_to_do(root: Path) -> None:
    flat = [experiment("linear", seed, 0.5) for seed in range(3)]
    other = [experiment("forest", seed, 0.6 + seed / 100) for seed in range(3)]
    (told,) = [text for text in cautions(table_of([*flat, *other])) if "deviation is 0" in text]
    assert "(model linear)" in told and "a test over items compares it (--items)" in told


@pytest.mark.parametrize("layout", ["details", "metrics"])
def test_of_one_run_each_nothing_is_said_that_needs_two(root: Path, layout: str) -> None:
    records = [experiment(model, 0, score) for model, score in (("a", 0.5), ("b", 0.25))]
    table = table_of(records, baseline="model=a", metrics=["score"], layout=layout)
    text = formats.markdown(table)
    assert "One run each: there is no deviation, and no interval of the mean." in text
    assert "No test: too few pairs, 1 of at least 3." in text
    assert not any(word in text for word in ("±", "95% confidence", "d\\_z:", "are the same"))
    if layout == "details":
        assert "| b | 1 | 0.2500 | - | \N{MINUS SIGN}0.2500 | - | - |" in text


def test_a_deviation_that_is_rounding_alone_is_none(root: Path) -> None:
    values = (0.1 + 0.2, 0.3, 0.3)
    records = [experiment("a", seed, score) for seed, score in enumerate(values)]
    assert "| 3 | 0.3000 ± 0 |" in formats.markdown(
        table_of(records, metrics=["score"], baseline=[])
    )
