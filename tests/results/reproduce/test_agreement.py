"""When two runs are the same: outputs, metrics, and what is named where they are not; the verdict's own record."""

from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

from labkart.records import verdict
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.records.verdict import Deviation, Verdict
from labkart.results.reproduce.agreement import RunRecords, compare_records
from tests.records.test_record import EXPERIMENT, TASK


def task_run(
    label: str, output: str = "a", metrics: dict[str, float] | None = None, **made: Any
) -> TaskRun:
    """A task that wrote one file."""
    known = {"params": {}, "seed": 0, "data": {}, "undeclared": [], "code": "c", "packages": "p"}
    logged = [[name, value, None, 0.0] for name, value in (metrics or {}).items()]
    outputs = [{"path": f"cache/{label}_{output}.pkl", "bytes": 1, "sha256": output, "stamp": []}]
    return TaskRun(
        label, label, label, "ran", result={**known, "outputs": outputs, "metrics": logged, **made}
    )


def experiment(*tasks: TaskRun, **changes: Any) -> ExperimentRecord:
    """An experiment that ended well, with the metrics of its last task."""
    metrics = {name: value for name, value, *_ in tasks[-1].result.get("metrics", ())}
    given = {
        "status": "finished",
        "metrics": metrics,
        "settings": {},
        "config": {},
        "environment": {},
        **changes,
    }
    return replace(EXPERIMENT, tasks=list(tasks), **given)


def compare(then: ExperimentRecord, now: ExperimentRecord, **options: Any) -> Verdict:
    return compare_records(RunRecords(then, {}), RunRecords(now, {}), **options)


def test_the_same_digests_are_identical_wherever_the_files_lie() -> None:
    result = compare(experiment(task_run("Fit")), experiment(replace(task_run("Fit"), id="other")))
    assert (result.kind, result.first, result.notes) == ("identical", None, [])
    assert str(result) == "identical: all outputs of 1 task, bit for bit"


def test_other_digests_are_equal_while_the_metrics_are_within_the_tolerance() -> None:
    then, now = (
        experiment(task_run("Fit", output), task_run("Score", metrics={"f1": score}))
        for output, score in (("a", 0.5), ("b", 0.5001))
    )
    equal, different = compare(then, now, tolerance=1e-3), compare(then, now)
    assert (equal.kind, equal.outputs, equal.deviations) == (
        "equal",
        ["Fit"],
        [Deviation("Score", "f1", 0.5, 0.5001)],
    )
    assert "within 0.001; outputs that differ: Fit" in str(equal) and "f1 0.5 -> 0.5001" in str(
        equal
    )
    assert (different.kind, different.first) == ("different", "Fit")


def test_without_a_metric_other_digests_are_different() -> None:
    result = compare(experiment(task_run("Fit")), experiment(task_run("Fit", "b")))
    assert (result.kind, result.first) == ("different", "Fit")
    assert "no metric" in str(result)


def test_a_metric_of_any_task_counts_at_each_of_its_steps() -> None:
    losses = [[["loss", 0.9, 0, 0.0], ["loss", last, 1, 0.0]] for last in (0.1, 0.2)]
    then, now = (
        experiment(task_run("Fit", metrics=None) if not each else _logging(each), task_run("Score"))
        for each in losses
    )
    result = compare(then, now)
    assert (result.kind, result.first) == ("different", "Fit")
    assert result.deviations == [Deviation("Fit", "Fit.loss", 0.1, 0.2)]


def test_the_metrics_of_several_results_have_the_names_of_the_experiment() -> None:
    then, now = (
        replace(
            experiment(
                task_run("Fit", metrics={"f1": 1.0, "loss": value}),
                task_run("Score", metrics={"f1": value}),
                task_run("Draw", metrics={"pens": value}),
            ),
            results={"one": "Fit", "two": "Score"},
        )
        for value in (0.1, 0.2)
    )
    deviations = compare(then, now).deviations
    assert [each.name for each in deviations] == ["loss", "two.f1", "Draw.pens"]


def _logging(metrics: list[list[Any]]) -> TaskRun:
    one = task_run("Fit")
    one.result["metrics"] = metrics
    return one


def test_a_metric_in_the_record_alone_or_in_the_run_alone_is_named() -> None:
    result = compare(
        experiment(task_run("Fit", metrics={"f1": 1.0})),
        experiment(task_run("Fit", metrics={"f2": 1.0})),
    )
    assert result.kind == "different"
    assert [str(each) for each in result.deviations] == ["f1 1 -> none", "f2 none -> 1"]


def test_not_a_number_is_the_same_as_itself_and_as_nothing_else() -> None:
    one, other = (
        experiment(task_run("Fit", metrics={"f1": nan})),
        experiment(task_run("Fit", metrics={"f1": 0.0})),
    )
    assert compare(one, one).kind == "identical"
    assert compare(one, other).kind == "different"


def test_a_metric_that_is_left_out_does_not_count() -> None:
    then, now = (
        experiment(task_run("Fit", metrics={"fit_seconds": value}), task_run("Score"))
        for value in (1.0, 2.0)
    )
    assert compare(then, now).kind == "different"
    assert compare(then, now, ignored=["*seconds"]).kind == "identical"


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"params": {"depth": "3"}}, "Fit: depth none -> 3"),
        ({"seed": 7}, "Fit: seed 0 -> 7"),
        (
            {"data": {"table": {"path": "data/raw/a.csv", "sha256": "x"}}},
            "Fit: data data/raw/a.csv",
        ),
        ({"undeclared": [{"path": "notes.txt", "sha256": "x"}]}, "Fit: data notes.txt"),
    ],
)
def test_what_a_task_was_told_or_read_must_be_the_same_even_if_its_output_is(
    changes: dict[str, Any], note: str
) -> None:
    result = compare(
        experiment(task_run("Load"), task_run("Fit")),
        experiment(task_run("Load"), task_run("Fit", **changes)),
    )
    assert (result.kind, result.first, result.notes) == ("different", "Fit", [note])


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({"environment": {"cpu": "b"}}, ["cpu a -> b"]),
        ({"environment": {"cpu": "a", "gpu": "x"}}, []),
        ({"environment": {}}, ["cpu a -> none"]),
    ],
)
def test_another_machine_is_named_and_the_outputs_decide(
    changes: dict[str, Any], notes: list[str]
) -> None:
    result = compare(
        experiment(task_run("Fit"), environment={"cpu": "a"}),
        experiment(task_run("Fit"), **changes),
    )
    assert (result.kind, result.notes) == ("identical", notes)


def test_settings_must_be_the_same_but_those_of_the_machinery() -> None:
    then = experiment(task_run("Fit"), config={"seed": 0, "labkart": {"workers": 1}})
    assert (
        compare(
            then, experiment(task_run("Fit"), config={"seed": 0, "labkart": {"workers": 2}})
        ).kind
        == "identical"
    )
    result = compare(then, experiment(task_run("Fit"), config={"seed": 1}))
    assert (result.kind, result.notes) == ("different", ["seed 0 -> 1"])


def test_code_and_packages_are_named_by_name_where_the_tasks_records_are_known() -> None:
    then, now = experiment(task_run("Fit")), experiment(task_run("Fit", code="d", packages="q"))
    assert compare(then, now).notes == ["Fit: code", "Fit: packages"]
    one = replace(
        TASK, code={"a.py": {"run": "1", "help": "1"}}, packages={"numpy": "1", "gone": "1"}
    )
    other = replace(TASK, code={"a.py": {"run": "2", "help": "1"}}, packages={"numpy": "2"})
    result = compare_records(RunRecords(then, {"Fit": one}), RunRecords(now, {"Fit": other}))
    assert result.kind == "identical"
    assert result.notes == ["Fit: code of a.py: run", "gone 1 -> none", "numpy 1 -> 2"]


def test_a_task_that_failed_is_the_first_that_differs() -> None:
    failed = TaskRun("Fit", "Fit", "Fit", "failed", error="ValueError: no")
    now = experiment(task_run("Load"), failed, status="failed", metrics={})
    result = compare(experiment(task_run("Load"), task_run("Fit"), task_run("Score")), now)
    assert (result.kind, result.first, result.error) == ("different", "Fit", "ValueError: no")


def test_another_pipeline_is_named_by_its_tasks() -> None:
    result = compare(
        experiment(task_run("Load"), task_run("Fit")),
        experiment(task_run("Load"), task_run("Train")),
    )
    assert (result.kind, result.first) == ("different", "Fit")
    assert result.notes == ["Fit is not in the pipeline", "Train is new in the pipeline"]


def test_the_last_verdict_of_a_run_is_found_again(root: Path) -> None:
    assert verdict.last_verdict(EXPERIMENT.id) is None
    attempts = [
        Verdict(
            EXPERIMENT.id,
            "different",
            "Fit",
            deviations=[Deviation("Fit", "f1", 0.5, None)],
            started="2026-01-01T10:00:00.001+00:00",
        ),
        Verdict(EXPERIMENT.id, "identical", started="2026-01-01T10:00:00.002+00:00"),
        Verdict(EXPERIMENT.id, "impossible", started="2026-01-01T10:00:00.003+00:00"),
        Verdict("another", "equal", started="2026-01-01T10:00:00.004+00:00"),
    ]
    for each in attempts[:1]:
        each.write()
    assert verdict.last_verdict(EXPERIMENT.id) == attempts[0]
    for each in attempts[1:]:
        each.write()
    (newest, _) = attempts[1:3]
    assert verdict.last_verdict(EXPERIMENT.id) == newest
    (newest.folder / "record.json").write_text("{")
    assert verdict.last_verdict(EXPERIMENT.id) == attempts[0], "a damaged one is none"
