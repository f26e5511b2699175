"""What is sent while tasks run."""

from dataclasses import replace

from labkart.records.record import TaskRun
from labkart.tracking.follower import visible_tasks
from tests.records.test_record import EXPERIMENT


def test_the_metrics_of_several_results_wait_until_all_have_names() -> None:
    """One of them may log a name that another one logs too, and MLflow takes nothing back."""
    tasks = [TaskRun("Load", "Load", "1", "cached")]
    tasks += [TaskRun(label, label, label, "not run") for label in ("Train", "Score", "Predict")]
    record = replace(EXPERIMENT, tasks=tasks)
    shown = {
        "": ["Train", "Score", "Predict"],
        "Predict": ["Train", "Score", "Predict"],
        "Score Predict": ["Train"],
    }
    for labels, expected in shown.items():
        record.results = {label.lower(): label for label in labels.split()}
        assert [task.label for task in visible_tasks(record)] == expected
