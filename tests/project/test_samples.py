"""What a project begins with, in place of the sample that the other tests use."""

import json
import shlex
from pathlib import Path

import pytest
import yaml

from tests.conftest import Ready
from tests.support.bake import SAMPLES, Project


def run_ci(project: Project) -> dict[str, str]:
    """What the steps of the project's CI print, by their commands.

    Others try the installation and the summary with the default sample, and all types at once.
    """
    jobs = yaml.safe_load(project.read(".github/workflows/ci.yml"))["jobs"]
    steps = [step["run"] for step in jobs["check"]["steps"] if "run" in step]
    printed = dict[str, str]()
    for command in (
        "ruff check",
        "ruff format",
        "labkart check",
        "pytest",
        "labkart run",
        "labkart report",
    ):
        (step,) = (step for step in steps if step.startswith(f"uv run {command}"))
        words = shlex.split(step.removeprefix("uv run ").replace("$SMALL", ""))
        done = project.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        printed[command] = done.stdout
    return printed


def files_of(sample: str) -> set[str]:
    """The files of a sample, with the name of the package of the tests' projects."""
    folder = SAMPLES / sample
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path.replace("{{cookiecutter.__package}}", "my_thesis") for path in paths}


@pytest.mark.parametrize("language", ["en", pytest.param("ja", marks=pytest.mark.thorough)])
def test_a_blank_project_has_one_task_and_one_test_and_passes_its_ci(
    language: str, tmp_path: Path, ready: Ready
) -> None:
    project = ready(tmp_path, sample="blank", language=language)
    assert files_of("blank") <= project.files()
    assert not (files_of("classification") - files_of("blank")) & project.files()
    printed = run_ci(project)
    assert "1 passed" in printed["pytest"]
    assert "distance" in printed["labkart run"]
    assert "distance" in project.labkart("run", "seed=3")
    assert {"en": "1 task", "ja": "1 個のタスク"}[language] in project.labkart("status", "seed=3")


@pytest.mark.thorough
def test_a_classification_project_in_japanese_passes_its_ci(tmp_path: Path, ready: Ready) -> None:
    """Others try it in English."""
    project = ready(tmp_path, sample="classification", language="ja")
    assert files_of("classification") <= project.files()
    assert "6 passed" in run_ci(project)["pytest"]


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_retrieval_project_leads_from_texts_to_tests_per_topic_and_a_run_file(
    language: str, tmp_path: Path, ready: Ready
) -> None:
    project = ready(tmp_path, sample="retrieval", language=language)
    assert files_of("retrieval") <= project.files()
    printed = run_ci(project)
    assert "5 passed" in printed["pytest"]
    assert "ndcg_10" in printed["labkart run"]
    if language == "ja":  # the rest is the same
        return
    project.labkart("run", "-m", "sweep=models")
    words = ("report", "models", "model=bm25,tfidf", "--items", "per_topic")
    project.labkart(*words, "--baseline", "model=tfidf", "--metrics", "ndcg_10")
    assert "| bm25 | 1 | 0.7822 | - | 15 |" in project.read("reports/models.md")
    # The warm process writes beside the folder that it started in.
    copy = ("output", "Retrieve", "-o", "reports/run.trec")
    Project(project.root, project.environment).labkart(*copy)
    project.labkart("check")
    lines = [line.split() for line in project.read("reports/run.trec").splitlines()]
    assert len(lines) == 15 * 50
    assert lines[0][:4] == ["t01", "Q0", "e01", "1"] and lines[0][-1] == "mine"
    cells = json.loads(project.read("notebooks/explore.ipynb"))["cells"]
    code = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    done = project.run("python", "-c", code, MPLBACKEND="Agg")
    assert done.returncode == 0, done.stderr
