"""Experiments that share tasks, run in this process: how each ends, and what its record says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart.experiments.composer import compose_overrides
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import Experiment, plan
from labkart.experiments.run_output import describe_failure, describe_failures
from labkart.records.record import TaskRun, read_experiment
from tests.support.tiny import write

pytestmark = pytest.mark.integration

CODE = """\
from pathlib import Path
from gokart import ListTaskInstanceParameter
from labkart import Task, make
from luigi import IntParameter, StrParameter

class Part(Task):
    number = IntParameter()
    def run(self):
        if self.number == 3 and not Path("go").exists():
            raise ValueError("no such luck")
        self.dump(self.number)

class Whole(Task):
    parts = ListTaskInstanceParameter()
    name = StrParameter()
    def run(self):
        self.log_metric("total", sum(self.load(self.parts)))
        self.dump(self.name)

def pipeline(cfg):
    return make(Whole, name=cfg.name, parts=[make(Part, number=int(number)) for number in cfg.name])
"""


class Listener:
    """Notes what a build tells it."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        self.events.append(f"{len(task_runs)} planned")

    def started(self, task_run: TaskRun) -> None:
        self.events.append(f"{task_run.label} started")

    def failed(self, task_run: TaskRun, error: str) -> None:
        self.events.append(f"{task_run.label} failed: {error}")

    def ended(self, task_run: TaskRun) -> None:
        self.events.append(f"{task_run.label} {task_run.state}")

    def warn(self, text: str) -> None:
        self.events.append(text)

    def beat(self) -> None: ...


@pytest.fixture(autouse=True)
def _project(root: Path, student: Callable[[str], ModuleType]) -> None:
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{student(CODE).__name__}:pipeline"\n'
    write(root, **{"pyproject.toml": table, "conf/config.yaml": "name: '12'\ntask: null\n"})
    HydraConfig.instance().cfg = None


def planned(*names: str) -> list[Experiment]:
    return [plan(compose_overrides(f"name='{name}'")) for name in names]


def run(*names: str) -> tuple[list[Experiment], list[str]]:
    experiments, listener = planned(*names), Listener()
    run_experiments(experiments, 1, listener)
    return experiments, listener.events


def test_a_shared_task_runs_once_and_belongs_to_each_experiment() -> None:
    experiments, events = run("12", "21")
    assert events[0] == "4 planned"
    assert sorted(events[1:]) == sorted(
        f"{label} {what}"
        for label in ("Part 1", "Part 2", "Whole", "Whole")
        for what in ("ran", "started")
    )
    assert [each.record.status for each in experiments] == ["finished", "finished"]
    assert [each.record.metrics for each in experiments] == [{"total": 3.0}, {"total": 3.0}]


def test_with_fail_fast_nothing_starts_after_a_failure() -> None:
    experiments, listener = planned("312", "45", "67"), Listener()
    run_experiments(experiments, 1, listener, fail_fast=True)
    assert listener.events[-1] == "Part 3 failed"
    started = [event for event in listener.events if event.endswith("started")]
    assert len(started) < 10
    statuses = [each.record.status for each in experiments]
    assert statuses[0] == "failed" and {*statuses[1:]} <= {"planned", "stopped", "finished"}
    assert "planned" in statuses or "stopped" in statuses
    Path("go").touch()
    experiments = planned("312", "45", "67")
    run_experiments(experiments, 1, Listener())
    assert [each.record.status for each in experiments] == ["finished"] * 3


def test_a_failed_task_fails_the_experiments_that_need_it_alone() -> None:
    experiments, _ = run("12", "13")
    finished, failed = (each.record for each in experiments)
    assert (finished.status, failed.status) == ("finished", "failed")
    states = {each.label: each.state for each in failed.tasks}
    assert states == {"Part 1": "ran", "Part 3": "failed", "Whole": "not run"}
    assert failed.error and failed.error.endswith("ValueError: no such luck")
    assert "no such luck" in (failed.folder / "traceback.txt").read_text()
    assert describe_failure(failed).splitlines() == [
        f"Part 3: {failed.error}",
        f"See outputs/records/experiments/{failed.id}/traceback.txt. Fix it and run again: finished tasks stay cached.",
    ]
    assert describe_failures([failed], 2).splitlines() == [
        "1 of 2 experiments have no result:",
        f"name='13': Part 3: {failed.error}",
        f"  outputs/records/experiments/{failed.id}/traceback.txt",
        "Fix it and run the same command again: only what is missing runs.",
    ]


def test_after_a_fix_only_what_is_missing_runs() -> None:
    run("13")
    Path("go").touch()
    (experiment,), events = run("13")
    assert events == [
        "3 planned",
        "Part 3 started",
        "Part 3 ran",
        "Whole started",
        "Whole ran",
    ]
    assert experiment.record.status == "finished"
    assert planned("13")[0].missing == set()


def test_an_experiment_whose_tasks_are_cached_gets_a_record_of_its_own() -> None:
    run("12")
    write(Path.cwd(), **{"conf/config.yaml": "name: '12'\ntask: null\nnote: new\n"})
    (experiment,), events = run("12")
    assert events == ["3 planned"]
    record = read_experiment(experiment.record.id)
    assert record and record.status == "finished" and record.settings["note"] == "new"
