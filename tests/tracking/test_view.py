"""The columns with which MLflow's page opens are those that a person compares."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from labkart.records.query import value
from labkart.records.record import ExperimentRecord
from labkart.tracking.view import shared_view, view
from tests.records.test_record import EXPERIMENT

pytestmark = pytest.mark.usefixtures("root")


def experiment(number: int, trees: int = 50, **values: Any) -> ExperimentRecord:
    record = replace(
        EXPERIMENT,
        id=f"e{number}",
        overrides=[],
        config={"model": {"params": {"trees": trees}}},
        code={"commit": None, "dirty": False},
        started=f"2026-11-29T10:{number:02}:00+09:00",
        ended=f"2026-11-29T10:{number:02}:30+09:00",
    )
    record = replace(record, **values)
    record.write()
    return record


def varying(experiments: Sequence[ExperimentRecord]) -> list[str]:
    """Which of three values differ."""
    names = ("model", "seed", "model.params.trees")
    return [name for name in names if len({value(record, name) for record in experiments}) > 1]


def columns(sweep: str | None = None) -> list[str]:
    return view(varying, sweep)["selectedColumns"]


def test_the_columns_are_the_id_what_differs_and_the_metrics() -> None:
    experiment(1)
    experiment(2, trees=100, settings={"model": "forest", "seed": 2})
    shown = view(varying)
    assert shown["selectedColumns"] == [
        "tags.`labkart.id`",
        "params.`seed`",
        "params.`model.params.trees`",
        "metrics.`accuracy`",
    ]
    first = ["attributes.`Run Name`", "runDateAndNestInfo"]
    assert shown["columnOrder"] == [*first, *shown["selectedColumns"], "duration"]


def test_one_experiment_shows_its_settings() -> None:
    experiment(1)
    assert columns() == [
        "tags.`labkart.id`",
        "params.`model`",
        "params.`seed`",
        "metrics.`accuracy`",
    ]


def test_uncommitted_changes_have_a_column_where_there_are_any() -> None:
    experiment(1)
    experiment(2, code={"commit": None, "dirty": True})
    assert columns()[-1] == "tags.`labkart.dirty`"


def test_a_sweep_has_the_columns_of_its_own_experiments() -> None:
    experiment(1, settings={"model": "logistic", "seed": 1})
    experiment(2, trees=10, sweeps=["abc"])
    experiment(3, trees=20, sweeps=["abc"])
    assert columns("abc")[1:-1] == ["params.`model.params.trees`"]


def test_experiments_long_ago_and_those_that_run_do_not_count() -> None:
    experiment(1, trees=10)
    experiment(40, trees=20, ended=None)
    for number in range(2, 22):
        experiment(number, settings={"model": "forest", "seed": number})
    assert columns()[1:-1] == ["params.`seed`"]


def test_many_metrics_and_long_values_leave_room() -> None:
    metrics = {f"accuracy of class {number}": 0.5 for number in range(30)}
    experiment(1, metrics=metrics, settings={"model": "森" * 90, "seed": 1})
    widths = view(varying)["columnWidths"]
    assert sum(name.startswith("metrics.") for name in widths) == 8
    assert widths["params.`model`"] == 250 and widths["params.`seed`"] == 72


def test_no_experiment_needs_no_columns() -> None:
    assert columns() == ["tags.`labkart.id`"]


def test_a_view_for_everybody_is_what_mlflow_reads() -> None:
    kept = json.loads(shared_view("labkart", {"searchFilter": "a"}))
    assert kept["name"] == "labkart" and json.loads(kept["state"]) == {"searchFilter": "a"}
    assert kept["createdAt"] == kept["updatedAt"] > 1e12
