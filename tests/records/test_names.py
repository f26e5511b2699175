"""What tasks and their metrics are called."""

from dataclasses import replace
from typing import Any

import pytest

from labkart.errors import LabkartError
from labkart.records.names import MetricNames, TaskNames
from labkart.records.record import ExperimentRecord, TaskRun
from tests.records.test_record import EXPERIMENT


def experiment(results: dict[str, str], **logged: dict[str, float]) -> ExperimentRecord:
    """An experiment whose tasks logged these metrics."""

    def result(metrics: dict[str, float]) -> dict[str, Any]:
        return {"metrics": [[name, value, None, 0.0] for name, value in metrics.items()]}

    tasks = [
        TaskRun(label.replace("_", " "), label.partition("_")[0], label, "ran", result=result(each))
        for label, each in logged.items()
    ]
    return replace(EXPERIMENT, tasks=tasks, results=results)


def test_without_results_the_last_task_is_the_result() -> None:
    record = experiment({}, Train={"loss": 1.0}, Score={"loss": 2.0})
    names = MetricNames(record)
    assert names.results() == {"loss": 2.0}
    assert (names.full("Train", "loss"), names.full("Score", "loss")) == ("Train.loss", "loss")


def test_only_the_metrics_that_several_results_log_get_keys() -> None:
    keys = {"one": "Score_1", "two": "Score_2", "again": "Score_1"}
    results = {key: label.replace("_", " ") for key, label in keys.items()}
    record = experiment(
        results, Train={"f1": 0.0}, Score_1={"f1": 1.0, "auc": 2.0}, Score_2={"f1": 3.0}
    )
    assert MetricNames(record).results() == {"one.f1": 1.0, "auc": 2.0, "two.f1": 3.0}


def test_the_last_value_of_a_metric_counts() -> None:
    record = experiment({"a": "Fit"}, Fit={}, Score={"f1": 1.0})
    record.tasks[0].result["metrics"] = [["loss", 2.0, 0, 0.0], ["loss", 1.0, 1, 0.0]]
    assert MetricNames(record).results() == {"loss": 1.0}


def test_the_metrics_of_a_result_that_failed_can_be_left_out() -> None:
    results = {"one": "Score 1", "two": "Score 2"}
    record = experiment(results, Score_1={"f1": 1.0}, Score_2={"f1": 3.0})
    record.tasks[1].state = "failed"
    assert MetricNames(record).results(("cached", "ran")) == {"one.f1": 1.0}


def test_a_task_is_known_by_its_label_its_key_or_its_class() -> None:
    names = TaskNames.of(experiment({"score": "Score"}, Train_1={}, Train_2={}, Score={}))
    assert names.known == ["Train 1", "Train 2", "Score", "score"]
    assert [names.label(name) for name in ("Train 2", "score", "Score")] == [
        "Train 2",
        "Score",
        "Score",
    ]
    assert names.labels("Train") == ["Train 1", "Train 2"]
    with pytest.raises(
        LabkartError, match=r'several tasks of this class\. Name one of "Train 1", "Tr'
    ):
        names.label("Train")
    with pytest.raises(
        LabkartError, match=r'^scor: the pipeline has Train 1.*Did you mean "score"'
    ):
        names.label("scor")
