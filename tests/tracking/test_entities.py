"""MLflow's page says what an experiment's record says."""

from dataclasses import replace

import pytest

from labkart.records.record import TaskRun
from labkart.tracking import entities
from tests.records.test_record import EXPERIMENT


@pytest.mark.usefixtures("root")
def test_the_description_has_times_only_for_tasks_that_ran() -> None:
    states = ["cached", "ran", "failed", "not run"]
    tasks = [TaskRun(f"Task{state[0]}", "Task", state[0], state, 1.25) for state in states]
    code = {"commit": "0" * 40, "dirty": False, "branch": "main", "remote": None}
    experiment = replace(EXPERIMENT, tasks=tasks, code=code, environment={"user": "ann"})
    tags = entities.tags(experiment, [])
    note = next(tag.value for tag in tags if tag.key == "mlflow.note.content")
    assert note.splitlines()[2:] == [
        "| task | state | seconds |",
        "| --- | --- | ---: |",
        "| Taskc | cached |  |",
        "| Taskr | ran | 1.2 |",
        "| Taskf | failed | 1.2 |",
        "| Taskn | not run |  |",
    ]
