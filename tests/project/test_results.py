"""A pipeline with several results, through all the verbs; two tasks of a class by what differs."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.conftest import Ready
from tests.support.bake import Project

PIPELINE = '''\
"""Two models, their scores and a file of guesses."""

import pandas as pd
from gokart import TaskInstanceParameter
from labkart import Task, make
from luigi import IntParameter, Parameter


class Load(Task):
    def run(self):
        self.dump(1)


class Train(Task):
    data = TaskInstanceParameter()
    penalty = Parameter()
    seed = IntParameter()

    def run(self):
        self.log_metric("loss", self.seed / 10)
        self.dump({"l1": 0.5, "学習": 0.25}[self.penalty] + self.seed / 100)


class Evaluate(Task):
    model = TaskInstanceParameter()

    def run(self):
        self.log_metric("accuracy", self.load(self.model))
        self.dump(self.load(self.model))


class Predict(Task):
    model = TaskInstanceParameter()

    def output(self):
        return self.make_target("submission.csv")

    def run(self):
        self.log_metric("rows", 1)
        self.dump(pd.DataFrame({"guess": [self.load(self.model)]}))


def pipeline(cfg):
    data = make(Load)
    first, second = (
        make(Train, data=data, penalty=penalty, seed=cfg.seed) for penalty in ("l1", "学習")
    )
    results = {
        "plain": make(Evaluate, model=first),
        "other": make(Evaluate, model=second),
        "submission": make(Predict, model=first),
    }
    return results
'''
SEARCH = """\
# @package _global_
search:
  objectives:
    other.accuracy: maximize
  sampler: BruteForceSampler
  space:
    seed: {low: 0, high: 2}
"""
LABELS = ["Load", "Train l1", "Evaluate l1", "Train 学習", "Evaluate 学習", "Predict"]
LOAD = """\
import json
from labkart import load
results = load("seed=1")
recorded = load({id!r})
print(json.dumps([list(results), list(recorded), results["other"], load("seed=1", "Train 学習")]))
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Project:
    """A project with several results, in which a sweep over two seeds has run."""
    project = ready(tmp_path_factory.mktemp("results"))
    (project.root / "src/my_thesis/pipeline.py").write_text(PIPELINE, encoding="utf-8")
    (project.root / "conf/search/seeds.yaml").write_text(SEARCH, encoding="utf-8")
    project.labkart("run", "-m", "seed=0,1")
    return project


@pytest.fixture
def own(study: Project, tmp_path: Path) -> Project:
    """A copy of it, to change."""
    root = shutil.copytree(study.root, tmp_path / "my-thesis")
    return Project(Path(root), study.environment, study.warm)


def record(project: Project, seed: int = 0) -> dict[str, Any]:
    files = (project.root / "outputs/records/experiments").glob("*/record.json")
    records = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    (found,) = [each for each in records if each["settings"]["seed"] == seed]
    return found


def test_a_metric_that_was_edited_is_told_until_the_run_writes_it_again(own: Project) -> None:
    id = record(own)["id"]
    file = own.root / f"outputs/records/experiments/{id}/record.json"
    file.write_text(
        file.read_text("utf-8").replace('"other.accuracy": 0.25', '"other.accuracy": 0.9')
    )
    edited = f"the record of {id[:8]} was edited: its values are not those that were logged."
    assert edited in own.run("labkart", "runs").stderr
    assert edited in own.run("labkart", "compare", id, record(own, 1)["id"]).stderr
    refused = own.run("labkart", "report", "models", "seed=0", "--allow", "dirty")
    assert refused.returncode == 1 and f"edited: {id[:8]}" in refused.stderr
    assert "other.accuracy 0.250" in own.labkart("run", "seed=0")
    assert own.run("labkart", "runs").stderr == ""


def test_the_verbs_that_look_show_all_results(study: Project) -> None:
    said = study.labkart("run", "seed=1")
    assert "6 tasks cached" in said
    assert "plain.accuracy 0.510   other.accuracy 0.260   rows 1.000" in said
    status = json.loads(study.labkart("status", "seed=1", "--json"))
    assert [task["name"] for task in status["tasks"]] == LABELS
    assert status["metrics"] == {"plain.accuracy": 0.51, "other.accuracy": 0.26, "rows": 1.0}
    lines = study.labkart("status", "seed=1").splitlines()
    assert lines[0].startswith("  Load ") and lines[3].startswith("  Train 学習      done")
    graph = study.labkart("graph", "seed=1")
    assert re.findall(r"^  (\w+(?: \S+)?) +done", graph, re.MULTILINE) == [
        "Evaluate l1",
        "Evaluate 学習",
        "Predict",
    ]
    assert '["Train 学習<br/>done' in study.labkart("graph", "--mermaid")
    runs = json.loads(study.labkart("runs", "other.accuracy>0.255", "--json"))
    assert [run["settings"]["seed"] for run in runs] == [1]
    ids = [record(study, seed)["id"][:8] for seed in (0, 1)]
    compared = json.loads(study.labkart("compare", *ids, "--json"))
    assert compared["metrics"]["other.accuracy"] == [0.25, 0.26]
    assert compared["tasks"].keys() == set(LABELS) - {"Load"}


def test_mlflow_names_tasks_and_metrics_as_the_terminal_does(study: Project) -> None:
    client = MlflowClient(f"sqlite:///{study.root}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("my-thesis")
    assert experiment
    runs = client.search_runs([experiment.experiment_id])
    (run,) = [run for run in runs if run.data.params["seed"] == "1"]
    names = {name for name in run.data.metrics if not name.startswith("system/")}
    assert names == {"plain.accuracy", "other.accuracy", "rows", "Train l1.loss", "Train 学習.loss"}
    assert run.data.params["Train 学習.penalty"] == "学習"
    folders = {file.path for file in client.list_artifacts(run.info.run_id) if file.is_dir}
    assert {"Evaluate l1", "Evaluate 学習"} <= folders


def test_a_notebook_loads_all_results_or_one_of_them(study: Project) -> None:
    done = study.run("python", "-c", LOAD.format(id=record(study, 1)["id"][:8]))
    assert done.returncode == 0, done.stderr
    keys = ["plain", "other", "submission"]
    assert json.loads(done.stdout) == [keys, keys, 0.26, 0.26]


def test_a_run_stops_at_any_of_them_and_a_file_comes_out(own: Project) -> None:
    said = own.labkart("run", "seed=5", "task='Train 学習'")
    assert re.findall(r"^  (\S+ ?\S*)   +[\d.]+ s$", said, re.MULTILINE) == ["Train 学習"]
    done = own.run("labkart", "output", "submission", "seed=5", "-o", "out.csv")
    assert done.returncode == 1 and "labkart run seed=5" in done.stderr
    own.labkart("run", "task=submission", "seed=5")
    # In a process that starts where the person stands: relative to that is the file.
    Project(own.root, own.environment).labkart("output", "submission", "seed=5", "-o", "out.csv")
    assert own.read("out.csv") == "guess\n0.55\n"
    assert json.loads(own.read("out.csv.labkart.json"))["settings"]["seed"] == 5


def test_a_search_may_look_for_a_metric_of_any_result(own: Project) -> None:
    said = own.labkart("search", "search=seeds")
    assert "3 of 3 trials complete" in said
    assert re.search(r"^  trial \d +other\.accuracy 0\.270   seed=2 ", said, re.MULTILINE)
    assert "loss" not in said


def test_a_report_compares_a_metric_of_a_result(own: Project) -> None:
    own.labkart("report", "both", "--metrics", "other.accuracy", "--allow", "dirty")
    assert "0.255" in own.read("reports/both.md")


def test_clean_keeps_every_result_and_accept_takes_all_of_them(own: Project) -> None:
    assert "Nothing to remove" in own.labkart("clean", "--yes")
    before = {path.name for path in (own.root / "outputs/cache").rglob("*.*")}
    own.edit(
        "src/my_thesis/pipeline.py", 'self.log_metric("rows", 1)', 'self.log_metric("rows", 1.0)'
    )
    own.edit(
        "src/my_thesis/pipeline.py",
        "self.dump(self.load(self.model))",
        "x = self.load(self.model); self.dump(x)",
    )
    assert "3 of 6 tasks to run" in own.labkart("status")
    assert "6 tasks done" in own.labkart("accept")
    assert json.loads(own.labkart("status", "--json"))["complete"]
    own.labkart("clean", "--yes")
    after = {path.name for path in (own.root / "outputs/cache").rglob("*.*")}
    assert json.loads(own.labkart("status", "--json"))["complete"] and len(after) <= len(before)


def test_a_last_task_without_metrics_says_which_task_has_some(own: Project) -> None:
    own.edit("src/my_thesis/pipeline.py", 'self.log_metric("rows", 1)', "pass")
    own.edit("src/my_thesis/pipeline.py", "return results", 'return results["submission"]')
    done = own.run("labkart", "run")
    sentence = "Train logs metrics, but is not a result: return it too, in a dictionary"
    assert done.returncode == 0 and sentence in done.stderr
    assert sentence in own.run("labkart", "run", "-m", "seed=0,1").stderr
    own.edit("src/my_thesis/pipeline.py", "first, second = (", "second, first = (")
    own.edit("src/my_thesis/pipeline.py", 'return results["submission"]', "return None")
    done = own.run("labkart", "run")
    assert done.returncode == 1 and done.stderr == (
        "my_thesis.pipeline:pipeline returned None. Let it end with: return make(YourLastTask, ...)\n"
    )
