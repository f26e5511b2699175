"""What a project begins with, in place of the sample that the other tests use."""

import shlex
from pathlib import Path

import pytest
import yaml

from tests.conftest import Ready
from tests.support.bake import SAMPLES, Project


def run_ci(project: Project) -> dict[str, str]:
    """What the steps of the project's CI print, by their names.

    Others try the installation and the summary with the default sample, and all types at once.
    """
    jobs = yaml.safe_load(project.read(".github/workflows/ci.yml"))["jobs"]
    steps = {step["name"]: step["run"] for step in jobs["check"]["steps"] if "run" in step}
    printed = dict[str, str]()
    for name in ("Lint", "Format", "Rules", "Tests", "Pipeline", "Reports"):
        words = shlex.split(steps[name].removeprefix("uv run ").replace("$SMALL", ""))
        done = project.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        printed[name] = done.stdout
    return printed


def files_of(sample: str) -> set[str]:
    """The files of a sample, with the name of the package of the tests' projects."""
    folder = SAMPLES / sample
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path.replace("{{cookiecutter.__package}}", "my_thesis") for path in paths}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_blank_project_has_one_task_and_one_test_and_passes_its_ci(
    language: str, tmp_path: Path, ready: Ready
) -> None:
    project = ready(tmp_path, sample="blank", language=language)
    assert files_of("blank") <= project.files()
    assert not (files_of("classification") - files_of("blank")) & project.files()
    printed = run_ci(project)
    assert "1 passed" in printed["Tests"]
    assert "distance" in printed["Pipeline"]
    assert "distance" in project.labkart("run", "seed=3")
    assert "1 task" in project.labkart("status", "seed=3")
