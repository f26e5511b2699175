"""What surrounds the code: installation, workflows, hooks of git, MLflow's page in a browser, the two commands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TEMPLATE, UV, Project, clean_environment


def run(folder: Path, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=clean_environment(**variables), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Installation


def test_pip_alone_is_enough(fresh: Project) -> None:
    run(fresh.root, sys.executable, "-m", "venv", ".venv")
    # Python compiles what it imports; pip would compile all that it installs.
    run(fresh.root, ".venv/bin/pip", "install", "--quiet", "--no-compile", "-e", ".")
    said = run(fresh.root, ".venv/bin/labkart", "run", "data=wine")
    assert "accuracy" in said and "  ·  .venv/bin/labkart ui" in said


def test_the_lowest_versions_work(fresh: Project) -> None:
    """The lower bounds of the dependencies are promises: install exactly them, and run."""
    run(fresh.root, UV, "sync", "--quiet", "--resolution", "lowest-direct", "--python", sys.executable)
    bounds = dict(re.findall(r'^    "([\w-]+)>=([\d.]+)', fresh.read("pyproject.toml"), flags=re.MULTILINE))
    installed = dict(re.findall(r"^([\w-]+)==([\d.]+)", run(fresh.root, UV, "pip", "freeze"), flags=re.MULTILINE))
    for name in ("gokart", "mlflow", "pandas", "scikit-learn", "filelock", "rich"):
        assert installed[name].startswith(bounds[name]), name
    said = run(fresh.root, UV, "run", "--no-sync", "labkart", "run", "data=wine", "model=forest")
    assert "accuracy" in said
    run(fresh.root, UV, "run", "--no-sync", "pytest", "-q")


# Workflows and hooks


WORKFLOWS = [
    TEMPLATE / ".github/workflows/ci.yml",
    TEMPLATE / "{{cookiecutter.project_slug}}/.github/workflows/ci.yml",
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=["template", "project"])
def test_workflows_are_valid_and_zizmor_finds_nothing(workflow: Path) -> None:
    tools = Path(sys.executable).parent
    run(TEMPLATE, tools / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    run(TEMPLATE, tools / "zizmor", "--offline", "--strict-collection", "--persona", "pedantic", workflow)


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"] if "run" in step]


def test_every_step_of_the_projects_ci_passes_in_a_clean_clone(fresh: Project, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "--quiet", fresh.root, clone)
    summary = tmp_path / "summary.md"
    path = f"{Path(UV).parent}{os.pathsep}{os.environ['PATH']}"
    for step in steps(clone / ".github/workflows/ci.yml"):
        run(clone, "bash", "-eo", "pipefail", "-c", step["run"], PATH=path, GITHUB_STEP_SUMMARY=str(summary), CI="true")
    assert re.search(r"accuracy [\d.]+", summary.read_text())


def test_the_hooks_of_git_accept_a_new_project(fresh: Project) -> None:
    assert fresh.environment
    path = f"{fresh.environment / 'bin'}{os.pathsep}{Path(UV).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "UV_PROJECT_ENVIRONMENT": str(fresh.environment), "UV_NO_SYNC": "1"}
    variables["PYTHONPATH"] = str(fresh.root / "src")  # the environment is another project's
    said = run(fresh.root, fresh.environment / "bin" / "pre-commit", "run", "--all-files", **variables)
    assert said.count("Passed") == 4


def test_the_template_passes_its_own_lint() -> None:
    (step,) = [step for step in steps(WORKFLOWS[0]) if step["name"] == "Lint"]
    run(
        TEMPLATE,
        "bash",
        "-e",
        "-c",
        step["run"],
        PATH=f"{Path(UV).parent}{os.pathsep}{os.environ['PATH']}",
        UV_NO_SYNC="1",
    )


# The two commands


def test_make_demo_needs_no_uv_and_is_quick_the_second_time(tmp_path: Path) -> None:
    clone = tmp_path / "labkart"
    shutil.copytree(
        TEMPLATE, clone, ignore=shutil.ignore_patterns(".venv", ".tools", "demo", ".pytest_cache", ".ruff_cache")
    )
    first = run(clone, "make", "demo")
    assert "accuracy" in first and "demo/my-thesis/.venv/bin/labkart ui" in first
    assert "nothing to do" in run(clone, "make", "demo")
    assert run(clone, "git", "status", "--porcelain", "--ignored=no") == run(TEMPLATE, "git", "status", "--porcelain")
