"""MLflow's page says what an experiment's record says."""

from dataclasses import replace
from typing import Any

import pytest

from labkart.records.record import TaskRun
from labkart.tracking import entities
from tests.records.test_record import EXPERIMENT, TASK


def params(config: dict[str, Any], **tasks: dict[str, str]) -> dict[str, str]:
    """The parameters of an experiment whose tasks have these parameters."""
    experiment = replace(EXPERIMENT, config=config)
    uses = [
        (TaskRun(name, name, name, "ran"), replace(TASK, params=own)) for name, own in tasks.items()
    ]
    return entities.experiment_params(experiment, uses)


def test_parameters_have_the_names_that_a_student_types() -> None:
    config = {
        "seed": 1,
        "task": None,
        "model": {"name": "forest", "params": {"trees": 50, "depth": None, "bootstrap": True}},
        "data": {"path": "データ.csv"},
        "labkart": {"workers": 4},
        "search": {"n": 3},
    }
    assert params(config) == {
        "model": "forest",
        "seed": "1",
        "model.params.trees": "50",
        "model.params.depth": "null",
        "model.params.bootstrap": "true",
        "data.path": "データ.csv",
    }


def test_a_value_of_the_configuration_is_not_there_again_as_a_tasks_parameter() -> None:
    config = {"model": {"params": {"rate": 1, "words": "a"}}}
    shown = params(config, Train={"rate": "1.0", "words": "b", "seed": "1", "default": "7"})
    assert shown == {
        "model": "forest",
        "seed": "1",
        "model.params.rate": "1",
        "model.params.words": "a",
        "Train.words": "b",
        "Train.seed": "1",  # no value of the configuration has that name
        "Train.default": "7",
    }


@pytest.mark.usefixtures("root")
def test_the_description_has_the_results_and_links_to_the_files() -> None:
    use = TaskRun("Train 学習", "Train", "abc", "ran", 1.25)
    record = replace(TASK, figures=["roc_*.png"], tables=["errors.csv"])
    note = entities.note(EXPERIMENT, [(use, record)], "#/page")
    assert note.value.split("\n\n") == [
        "**accuracy** 0.75",
        "[pipeline.svg](#/page/pipeline.svg) · [tasks.csv](#/page/tasks.csv)"
        " · [Train 学習/roc\\_\\*.png](#/page/Train%20%E5%AD%A6%E7%BF%92/roc_%2A.png)"
        " · [Train 学習/errors.csv](#/page/Train%20%E5%AD%A6%E7%BF%92/errors.csv)",
    ]
