"""What surrounds the code: installation, workflows, hooks of git, MLflow's page in a browser, the two commands."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.bake import SOURCE, TEMPLATE, UV, Project, clean_environment


def run(folder: Path, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=600,
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
    run(
        fresh.root,
        UV,
        "sync",
        "--quiet",
        "--resolution",
        "lowest-direct",
        "--python",
        sys.executable,
    )
    bounds = dict(
        re.findall(r'^    "([\w-]+)>=([\d.]+)', fresh.read("pyproject.toml"), flags=re.MULTILINE)
    )
    installed = dict(
        re.findall(r"^([\w-]+)==([\d.]+)", run(fresh.root, UV, "pip", "freeze"), flags=re.MULTILINE)
    )
    for name in ("gokart", "mlflow", "pandas", "scikit-learn", "filelock", "rich"):
        assert installed[name].startswith(bounds[name]), name
    said = run(fresh.root, UV, "run", "--no-sync", "labkart", "run", "data=wine", "model=forest")
    assert "accuracy" in said
    run(fresh.root, UV, "run", "--no-sync", "pytest", "-q")


def test_jupyter_comes_into_the_environment_and_what_was_computed_stays_valid(
    fresh: Project,
) -> None:
    add, start = re.findall("`uv ([^`]+)`", fresh.read("notebooks/README.md"))

    def uv(words: str) -> str:
        return run(fresh.root, UV, *words.split(), UV_PYTHON=sys.executable)

    uv("run --quiet labkart run data=wine")
    uv(f"{add} --quiet")
    assert "4 tasks done" in uv("run --no-sync labkart status data=wine")
    assert re.match(
        r"\d+\.", uv(start.replace("run", "run --no-sync").replace("notebooks", "--version"))
    )


# Workflows and hooks


WORKFLOWS = [TEMPLATE / ".github/workflows/ci.yml", TEMPLATE / ".github/workflows/release.yml"]
WORKFLOWS += [SOURCE / ".github/workflows/ci.yml"]


def test_workflows_are_valid_and_zizmor_finds_nothing() -> None:
    tools = Path(sys.executable).parent
    run(
        TEMPLATE,
        tools / "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        *WORKFLOWS,
    )
    run(
        TEMPLATE,
        tools / "zizmor",
        "--offline",
        "--strict-collection",
        "--persona",
        "pedantic",
        *WORKFLOWS,
    )


def test_no_workflow_is_left_out() -> None:
    assert {
        file for root in (TEMPLATE, SOURCE) for file in (root / ".github/workflows").iterdir()
    } == set(WORKFLOWS)


def execute(
    workflow: Path, job: str, workspace: Path, only: tuple[str, ...] = (), **variables: str
) -> str:
    """Run the `run:` steps of a job as GitHub does, or those with these names; returns the job's summary."""
    whole = yaml.safe_load(workflow.read_text())
    summary = workspace / "summary.md"
    own = {**whole.get("env", {}), **whole["jobs"][job].get("env", {})}
    own = {
        name: str(value).replace("${{ github.workspace }}", str(workspace))
        for name, value in own.items()
    }
    path = f"{Path(UV).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "GITHUB_STEP_SUMMARY": str(summary), "CI": "true"} | own | variables
    for step in whole["jobs"][job]["steps"]:
        if "run" in step and (not only or step["name"] in only):
            given = {
                name: "" if "${{" in value else value for name, value in step.get("env", {}).items()
            }
            run(
                workspace / step.get("working-directory", "."),
                "bash",
                "-e",
                "-c",
                step["run"],
                **variables | given,
            )
    return summary.read_text() if summary.exists() else ""


def shared(project: Project) -> dict[str, str]:
    """What makes `uv run` take the environment of all baked projects."""
    return {
        "UV_PROJECT_ENVIRONMENT": str(project.environment),
        "UV_NO_SYNC": "1",
        "PYTHONPATH": "src",
    }


def test_every_step_of_the_projects_ci_passes_in_a_clean_clone(
    fresh: Project, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "--quiet", fresh.root, clone)
    workflow = clone / ".github/workflows/ci.yml"
    execute(workflow, "check", clone, only=("Install",), UV_PYTHON=sys.executable)
    # What it installs is in the shared environment, too, where all that the other steps import is compiled already.
    installed = {
        line for line in run(clone, UV, "pip", "freeze").splitlines() if not line.startswith("-e")
    }
    assert installed <= set(
        run(clone, UV, "pip", "freeze", "--python", fresh.environment or "").splitlines()
    )
    names = [
        step["name"]
        for step in yaml.safe_load(workflow.read_text())["jobs"]["check"]["steps"]
        if "run" in step
    ]
    said = execute(workflow, "check", clone, only=tuple(set(names) - {"Install"}), **shared(fresh))
    assert re.search(r"accuracy.*\n.*finished +\d\.\d+", said)
    assert re.search(r"tasks/train\.py +\| +\d+", said)
    assert run(clone, "git", "status", "--porcelain") == "?? summary.md\n?? uv.lock\n"
    (figures,) = [step["with"]["path"].split() for step in uploads(workflow)]
    assert [file for pattern in figures for file in clone.glob(pattern)]


def uploads(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return [
        step
        for job in jobs.values()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]


def test_a_pull_request_is_told_what_it_changes(fresh: Project, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    for name in ("base", "head"):
        run(tmp_path, "git", "clone", "--quiet", fresh.root, workspace / name)
    workflow = workspace / "head/.github/workflows/ci.yml"
    assert "nothing that counts has changed" in execute(
        workflow, "compare", workspace, **shared(fresh)
    )
    train = workspace / "head/src/my_thesis/tasks/train.py"
    train.write_text(
        train.read_text().replace("max_iter=self.max_iter", "max_iter=1 + self.max_iter")
    )
    said = execute(workflow, "compare", workspace, **shared(fresh)).rpartition(
        "### Before and after"
    )[2]
    assert re.search(r"^ +accuracy +[\d.]+ +[\d.]+|metrics", said, flags=re.MULTILINE)
    assert "tasks/train.py: TrainLogistic" in said
    (workspace / "base/src/my_thesis/pipeline.py").write_text("def pipeline(:\n")
    said = execute(workflow, "compare", workspace, **shared(fresh)).rpartition(
        "### Before and after"
    )[2]
    assert "The main branch does not run" in said


def test_the_hooks_of_git_accept_a_new_project_and_empty_its_notebooks(fresh: Project) -> None:
    assert fresh.environment
    path = (
        f"{fresh.environment / 'bin'}{os.pathsep}{Path(UV).parent}{os.pathsep}{os.environ['PATH']}"
    )
    hooks = {
        hook["id"]: hook
        for hook in yaml.safe_load(fresh.read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    }
    # The types take a while, and CI's step asks the same.
    assert hooks.pop("types")["entry"] in fresh.read(".github/workflows/ci.yml")
    variables = shared(fresh) | {"PATH": path, "SKIP": "types"}
    words = [fresh.environment / "bin" / "pre-commit", "run", "--all-files"]
    assert run(fresh.root, *words, **variables).count("Passed") == len(hooks)
    assert run(fresh.root, "git", "status", "--porcelain") == ""
    empty = fresh.read("notebooks/explore.ipynb")
    output = '"outputs": [{"name": "stdout", "output_type": "stream", "text": ["secret"]}]'
    fresh.edit("notebooks/explore.ipynb", '"outputs": []', output)
    with pytest.raises(AssertionError, match="files were modified"):
        run(fresh.root, *words, "notebooks", **variables)
    assert fresh.read("notebooks/explore.ipynb") == empty


def test_the_template_passes_its_own_lint() -> None:
    """The other steps of its CI install packages of the system, or call the very tests that run now."""
    execute(WORKFLOWS[0], "test", TEMPLATE, only=("Lint",), UV_NO_SYNC="1")


def test_a_release_needs_a_tag_that_agrees_with_the_files(tmp_path: Path) -> None:
    for name in (
        "pyproject.toml",
        "CHANGELOG.md",
        ".ci/release",
        f"{SOURCE.name}/src/labkart/__init__.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TEMPLATE / name, tmp_path / name)
    version = tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]["version"]
    execute(WORKFLOWS[1], "agree", tmp_path, GITHUB_REF_NAME=f"v{version}")
    for tag in ("v999.0.0", version, "vain"):
        with pytest.raises(AssertionError, match=tag):
            execute(WORKFLOWS[1], "agree", tmp_path, GITHUB_REF_NAME=tag)
    # GitHub's program is not here: another one keeps what it is given.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > given\n')
    (tmp_path / "bin/gh").chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    told = {"GITHUB_REF_NAME": f"v{version}", "RUNNER_TEMP": str(tmp_path), "PATH": path}
    execute(WORKFLOWS[1], "publish", tmp_path, **told)
    given = (tmp_path / "given").read_text().split("\n")
    assert given[:3] == ["release", "create", f"v{version}"] and "--verify-tag" in given
    section = (
        (TEMPLATE / "CHANGELOG.md")
        .read_text()
        .partition(f"\n## {version} ")[2]
        .partition("\n## ")[0]
    )
    assert (tmp_path / "news.md").read_text().strip() == section.partition("\n")[2].strip() != ""


# Editors


def test_a_debugger_starts_labkart_and_the_tests_as_modules(fresh: Project) -> None:
    launches = json.loads(fresh.read(".vscode/launch.json"))["configurations"]
    said = []
    for launch in launches:
        words = [word.replace("${file}", "tests/test_tasks.py") for word in launch["args"]]
        done = fresh.run(
            "python", "-m", launch["module"], *words, *(["data=wine"] if words[0] == "run" else [])
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    assert "accuracy" in said[0] and "passed" in said[1]


# The two commands


def test_make_demo_needs_no_uv_and_is_quick_the_second_time(tmp_path: Path) -> None:
    clone = tmp_path / "labkart"
    shutil.copytree(
        TEMPLATE,
        clone,
        ignore=shutil.ignore_patterns(".venv", ".tools", "demo", ".pytest_cache", ".ruff_cache"),
    )
    first = run(clone, "make", "demo")
    assert "accuracy" in first and "demo/my-thesis/.venv/bin/labkart ui" in first
    assert "nothing to do" in run(clone, "make", "demo")
    assert run(clone, "git", "status", "--porcelain", "--ignored=no") == run(
        TEMPLATE, "git", "status", "--porcelain"
    )
