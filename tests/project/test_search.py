"""`labkart search` in a baked project: what it prints, draws and publishes."""

import re

import pytest
from mlflow.entities import Run

from tests.conftest import Ready
from tests.project.test_run import artifacts, rows
from tests.support.bake import Project

TWO = """\
# @package _global_
defaults:
  - override /model: boosting

search:
  objectives:
    accuracy: maximize
    TrainBoosting.train_loss: minimize
  sampler: RandomSampler
  space:
    model.params.trees: {low: 2, high: 9}
    model.params.learning_rate: {low: 0.01, high: 1, log: true}
"""
REPORTING = """
        for step in range(4):
            self.report(-self.trees, step)
        self.finish(model, split)"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> tuple[Project, str]:
    """A project after a search of four small forests, one of which had run before."""
    project = ready(tmp_path_factory.mktemp("searched"))
    project.edit(
        "conf/search/forest.yaml",
        "model.params.trees: {low: 50, high: 450, step: 50}",
        "model.params.trees: {low: 2, high: 5}",
    )
    project.edit("conf/search/forest.yaml", "sampler: TPESampler", "sampler: BruteForceSampler")
    project.labkart("run", "model=forest", "model.params.trees=3")
    return project, project.labkart("search", "search=forest", "-n", "9")


def split(found: list[Run]) -> tuple[Run, list[Run]]:
    """The study's own run, and those of its trials."""
    (parent,) = [run for run in found if "labkart.id" not in run.data.tags]
    return parent, [
        run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
    ]


def test_a_line_a_trial_the_best_ones_and_how_to_run_the_best_again(
    searched: tuple[Project, str],
) -> None:
    project, said = searched
    lines = re.findall(
        r"^  trial \d +accuracy 0\.\d+   model\.params\.trees=\d   (cached|[\d.]+ s)$",
        said,
        re.MULTILINE,
    )
    assert len(lines) == 4 and lines.count("cached") == 1
    assert re.search(
        r"^  4 of 4 trials complete\n  trial   accuracy   model\.params\.trees *\n",
        said,
        re.MULTILINE,
    )
    (again,) = re.findall(r"the best one again: .*labkart (run .*)$", said, re.MULTILINE)
    (study,) = re.findall(r"study (forest-[0-9a-f]{8})", said)
    assert f"  reports/{study}/  ·  " in said
    best = re.findall(r"^  \d +(0\.\d+)", said, re.MULTILINE)[0]
    done = project.labkart(*again.split())
    assert "4 tasks cached" in done and f"accuracy {best}" in done


def test_the_same_command_again_runs_nothing_and_says_the_same(
    searched: tuple[Project, str],
) -> None:
    project, said = searched
    runs = len(rows(project))
    done = project.labkart("search", "search=forest", "-n", "9")
    assert done.splitlines() == said.splitlines()[-len(done.splitlines()) :]
    assert len(rows(project)) == runs


def test_mlflow_nests_the_trials_below_the_study(searched: tuple[Project, str]) -> None:
    project, _ = searched
    parent, trials = split(rows(project))
    assert parent.info.status == "FINISHED" and parent.data.metrics["trials_complete"] == 4
    assert {run.data.tags["labkart.trial"] for run in trials} == set("0123")
    assert {run.data.tags["labkart.study"] for run in trials} == {parent.info.run_name}
    assert {run.data.params["model.params.trees"] for run in trials} == set("2345")
    assert parent.data.metrics["best_accuracy"] == max(
        run.data.metrics["accuracy"] for run in trials
    )
    assert (
        parent.data.params["sampler"] == "BruteForceSampler"
        and parent.data.params["model.params.trees"] == "{low: 2, high: 5}"
    )


def test_the_figures_are_in_reports_and_in_mlflow(searched: tuple[Project, str]) -> None:
    project, _ = searched
    parent, _ = split(rows(project))
    folder = project.root / "reports" / str(parent.info.run_name)
    assert {"history.png", "slices.png"} <= {file.name for file in folder.iterdir()}
    for file in folder.iterdir():
        assert file.read_bytes().startswith(b"\x89PNG")
        assert (
            artifacts(project, parent) / "figures" / file.name
        ).read_bytes() == file.read_bytes()


def test_another_store_gets_all_of_it(searched: tuple[Project, str]) -> None:
    project, _ = searched
    (project.root / "outputs" / "mlflow.db").rename(project.root / "outputs" / "before.db")
    project.labkart("sync")
    parent, trials = split(rows(project))
    assert len(trials) == 4 and parent.info.status == "FINISHED"


@pytest.mark.thorough
def test_several_objectives_have_a_front_and_workers_share_the_trials(fresh: Project) -> None:
    (fresh.root / "conf/search/two.yaml").write_text(TWO)
    said = fresh.labkart("search", "search=two", "-n", "6", "--workers", "2", "data=wine")
    assert re.search(r"6 of 6 trials complete; \d of them no other one beats in everything", said)
    parent, trials = split(rows(fresh))
    assert len(trials) == 6 and {run.info.status for run in trials} == {"FINISHED"}
    figures = {file.name for file in (fresh.root / "reports" / str(parent.info.run_name)).iterdir()}
    assert {"pareto.png", "history_accuracy.png", "slices_TrainBoosting.train_loss.png"} <= figures


@pytest.mark.thorough
def test_a_pruned_trial_and_a_failed_one_are_seen_in_mlflow(fresh: Project) -> None:
    fresh.edit(
        "src/my_thesis/tasks/train.py",
        "        self.finish(model, split)",
        REPORTING.lstrip("\n"),
    )
    fresh.edit(
        "src/my_thesis/tasks/train.py",
        "        split = self.load(self.split)\n        model = RandomForestClassifier(",
        "        split = self.load(self.split)\n        assert self.trees != 4, 'four'\n        model = RandomForestClassifier(",
    )
    fresh.edit(
        "conf/search/forest.yaml",
        "model.params.trees: {low: 50, high: 450, step: 50}",
        "model.params.trees: {low: 2, high: 13}",
    )
    fresh.edit("conf/search/forest.yaml", "sampler: TPESampler", "sampler: BruteForceSampler")
    fresh.edit("conf/search/forest.yaml", "pruner: null", "pruner: MedianPruner")
    done = fresh.run("labkart", "search", "search=forest", "labkart.workers=2", "data=wine")
    assert done.returncode == 0, done.stderr
    parent, trials = split(rows(fresh))
    pruned = [run for run in trials if "labkart.pruned" in run.data.tags]
    (failed,) = [run for run in trials if run.info.status == "FAILED"]
    assert pruned and all(
        re.fullmatch(
            r"stopped early at step \d: behind the median", run.data.tags["labkart.pruned"]
        )
        and run.data.tags["labkart.pruned"] in run.data.tags["mlflow.note.content"]
        and run.info.status == "FINISHED"
        for run in pruned
    )
    assert "AssertionError: four" in failed.data.tags["labkart.error"]
    assert f", {len(pruned)} stopped early, 1 failed" in done.stdout
    assert (
        parent.data.metrics["trials_pruned"] == len(pruned)
        and parent.data.metrics["trials_failed"] == 1
    )
