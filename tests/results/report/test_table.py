"""What a table tests: items of several metrics, folds, and the metrics that are declared."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import config, paired
from labkart.results.report.method import method
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
    assert tuple(paired.TESTS) == config.TESTS


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
        "McNemar's test needs values of 0 and 1",
    )
    assert score.obstacle == "per_query has no column score"


def test_the_runs_of_a_cross_validation_are_folds(records: list[ExperimentRecord]) -> None:
    plain = table_of(records).lines["score"][0]
    table = table_of(records, repeat="fold")
    line = table.lines["score"][0]
    assert table.folds and table.folds.count == 4 and line.test and plain.test
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
