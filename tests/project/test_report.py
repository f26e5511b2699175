"""`labkart report` in a baked project: from an edit that is not committed to a table that CI holds for current."""

import re
import subprocess

import pytest
from mlflow import MlflowClient

from tests.support.bake import Project

SWEEP = ("run", "-m", "model=logistic,forest", "seed=range(3)", "labkart.tags=[paper]")
REPORT = (
    "report",
    "models",
    "--tag",
    "paper",
    "--baseline",
    "model=logistic",
    "--metrics",
    "accuracy",
    "roc_auc",
)
SPLIT = "src/my_thesis/tasks/split.py"


def git(project: Project, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=project.root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.thorough
def test_from_an_edit_to_a_table_that_is_current(fresh: Project) -> None:
    fresh.edit("conf/config.yaml", "test_size: 0.25", "test_size: 0.5")
    fresh.edit("conf/model/forest.yaml", "trees: 300", "trees: 20")
    fresh.labkart(*SWEEP)

    refused = fresh.run("labkart", *REPORT)
    assert refused.returncode == 1
    assert re.search(
        r"dirty: \w{8} \(model=\w+ seed=\d .*\) and 5 more ran on code that was not committed",
        refused.stderr,
    )
    assert not fresh.has("reports/models.tex")

    git(
        fresh,
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "commit",
        "--all",
        "--message",
        "A larger test set",
    )
    commit = git(fresh, "rev-parse", "HEAD")
    assert "nothing to do" in fresh.labkart(*SWEEP)
    client = MlflowClient(f"sqlite:///{fresh.root}/outputs/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("my-thesis").experiment_id])
    assert len(runs) == 6
    for run in runs:
        assert run.data.tags["mlflow.source.git.commit"] == commit
        assert run.data.tags["labkart.dirty"] == "False"
        assert run.data.tags["labkart.tags"] == "paper"

    said = fresh.labkart(*REPORT)
    assert "models-comparison.pdf" in said
    assert commit in fresh.read("reports/models.tex")
    assert "two-sided paired t-test" in fresh.read("reports/models.md")
    assert "1 report is current" in fresh.labkart("report", "--check")

    fresh.edit(SPLIT, "stratify=y", "stratify=y, shuffle=True")
    stale = fresh.run("labkart", "report", "--check")
    assert stale.returncode == 1
    assert "models: model=logistic seed=2" in stale.stderr
    assert "means another experiment today: code, data or settings changed" in stale.stderr
    before = fresh.read("reports/models.tex")
    again = fresh.run("labkart", "report", "--all")
    assert again.returncode == 0 and "made of earlier runs: model=logistic seed=2" in again.stderr
    fresh.edit(SPLIT, "stratify=y, shuffle=True", "stratify=y")
    assert fresh.run("labkart", "report", "--all").stderr == ""
    assert fresh.read("reports/models.tex") == before
    (fresh.root / "reports/models.tex").write_text(before.replace("logistic &", "regression &"))
    assert "models.tex was edited by hand" in fresh.run("labkart", "report", "--check").stderr


@pytest.mark.thorough
def test_a_run_that_is_asked_for_again_takes_the_place_of_a_later_one(fresh: Project) -> None:
    fresh.labkart("run")
    fresh.edit(SPLIT, "stratify=y", "stratify=z")
    assert fresh.run("labkart", "run").returncode == 1
    assert "failed: " in fresh.run("labkart", "report", "models", "model=logistic").stderr
    fresh.edit(SPLIT, "stratify=z", "stratify=y")
    assert "nothing to do" in fresh.labkart("run")
    fresh.labkart("report", "models", "model=logistic", "--allow", "dirty")

    fresh.edit(SPLIT, "stratify=y", "stratify=None")
    fresh.labkart("run", "-m", "seed=0")
    fresh.labkart("report", "--all")
    other = fresh.read("reports/models.csv")
    fresh.edit(SPLIT, "stratify=None", "stratify=y")
    assert "nothing to do" in fresh.labkart("run", "-m", "seed=0")
    fresh.labkart("report", "--all")
    assert fresh.read("reports/models.csv") != other
    assert "1 report is current" in fresh.labkart("report", "--check")
