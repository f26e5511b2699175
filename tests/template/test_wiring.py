"""What surrounds the code: installation, workflows, hooks of git, editors, the two commands."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import labkart
from tests.project.test_types import ORDINARY
from tests.support.bake import SOURCE, TEMPLATE, UV, Project, clean_environment
from tests.support.bytecode import share_bytecode, write_sharing_uv


def run(folder: Path, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Installation


@pytest.mark.thorough
def test_the_lowest_versions_work(fresh: Project, compiled: Path) -> None:
    """The lower bounds of the dependencies are promises: install exactly them, run, and check the types."""
    files = (TEMPLATE / "pyproject.toml", fresh.root / "pyproject.toml")
    sources = [word for file in files for word in ("-r", file)]
    lowest = ("--resolution", "lowest-direct", "--group", "labkart", *sources)
    run(fresh.root, UV, "venv", "--quiet", "--python", sys.executable)
    run(fresh.root, UV, "pip", "install", "--quiet", *lowest)
    run(fresh.root, UV, "pip", "install", "--quiet", "--no-deps", "-e", ".")
    share_bytecode(compiled, fresh.root / ".venv")
    bounds = dict[str, str]()
    for file in files:
        bounds |= re.findall(r'^    "([\w-]+)>=([\d.]+)', file.read_text(), flags=re.MULTILINE)
    freeze = run(fresh.root, UV, "pip", "freeze")
    installed = dict(re.findall(r"^([\w-]+)==([\d.]+)", freeze, flags=re.MULTILINE))
    for name in ("gokart", "mlflow", "pandas", "scikit-learn", "filelock", "rich", "pytest"):
        assert installed[name].startswith(bounds[name]), name
    # In one process: to import all of it takes longest.
    code = "from labkart.cli import main; import pytest; print(main.main({words}) or pytest.main(['-q']))"
    code = code.format(words=["run", "data=wine", "model=forest"])
    printed = run(fresh.root, UV, "run", "--no-sync", "python", "-c", code)
    assert "accuracy" in printed and " passed" in printed and printed.endswith("\n0\n")
    shutil.copy2(ORDINARY, fresh.root / "tests/test_ordinary.py")
    assert "0 errors" in run(fresh.root, UV, "run", "--no-sync", "basedpyright")


@pytest.mark.thorough
def test_jupyter_comes_into_the_environment_and_what_was_computed_stays_valid(
    project: Project, compiled: Path
) -> None:
    """It was computed with the very versions of the shared environment, which has no Jupyter."""
    add, start = re.findall("`uv ([^`]+)`", project.read("notebooks/README.md"))
    shutil.copy2(compiled.parent / "uv.lock", project.root)

    def uv(words: str) -> str:
        return run(project.root, UV, *words.split(), UV_PYTHON=sys.executable)

    uv(f"{add} --quiet")
    share_bytecode(compiled, project.root / ".venv")
    assert "4 tasks done" in uv("run --no-sync labkart status")
    assert re.match(
        r"\d+\.", uv(start.replace("run", "run --no-sync").replace("notebooks", "--version"))
    )


# Workflows and hooks


CI, RELEASE, PAGES = (
    TEMPLATE / f".github/workflows/{name}.yml" for name in ("ci", "release", "docs")
)
WORKFLOWS = [CI, RELEASE, PAGES, SOURCE / ".github/workflows/ci.yml"]
DEPENDABOT = [root / ".github/dependabot.yml" for root in (TEMPLATE, SOURCE)]
FORMS = TEMPLATE / ".github/ISSUE_TEMPLATE"
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("dependabot", DEPENDABOT),
        ("github-issue-forms", [FORMS / "bug.yml", FORMS / "idea.yml"]),
        ("github-issue-config", [FORMS / "config.yml"]),
    ],
)
def test_what_github_reads_has_the_form_that_it_wants(schema: str, files: list[Path]) -> None:
    run(TEMPLATE, TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)


def test_zizmor_finds_nothing() -> None:
    strict = ("--offline", "--strict-collection", "--persona", "pedantic")
    run(TEMPLATE, TOOLS / "zizmor", *strict, *WORKFLOWS, *DEPENDABOT)


def test_no_file_for_github_is_left_out() -> None:
    files = {file for root in (TEMPLATE, SOURCE) for file in (root / ".github").rglob("*.yml")}
    assert files == {*WORKFLOWS, *DEPENDABOT, *FORMS.iterdir()}


def test_nothing_is_red_in_a_review_of_either_repository(fresh: Project) -> None:
    """By the rules of Scientific Python; what does not hold has its reason in `pyproject.toml`."""
    for root in (TEMPLATE, fresh.root):
        run(root, TOOLS / "repo-review", ".")


def execute(
    workflow: Path, job: str, workspace: Path, only: tuple[str, ...] = (), **variables: str
) -> str:
    """Run the `run:` steps of a job as GitHub does, or those with these names; returns the job's summary."""
    content = yaml.safe_load(workflow.read_text())
    steps = [step for step in content["jobs"][job]["steps"] if "run" in step]
    summary = workspace / "summary.md"
    path = variables.get("PATH", os.environ["PATH"])
    variables = (
        {"GITHUB_STEP_SUMMARY": str(summary), "CI": "true"}
        | _variables(content, workspace)
        | _variables(content["jobs"][job], workspace)
        | variables
        | {"PATH": f"{path}{os.pathsep}{Path(UV).parent}"}
    )
    for step in steps:
        if not only or step["name"] in only:
            folder = workspace / step.get("working-directory", ".")
            own = _variables(step, workspace)
            run(folder, "bash", "-e", "-c", step["run"], **variables | own)
    return summary.read_text() if summary.exists() else ""


def _variables(part: dict[str, Any], workspace: Path) -> dict[str, str]:
    """The variables of a workflow, job or step. Of GitHub's expressions, only the workspace has a value here."""
    env = {
        name: str(value).replace("${{ github.workspace }}", str(workspace))
        for name, value in part.get("env", {}).items()
    }
    return {name: "" if "${{" in value else value for name, value in env.items()}


def shared(project: Project) -> dict[str, str]:
    """What makes `uv run` take the environment of all baked projects, where `labkart` and pytest start in no time."""
    assert project.warm
    return {
        "PATH": f"{project.warm.uv().parent}{os.pathsep}{os.environ['PATH']}",
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
    steps = yaml.safe_load(workflow.read_text())["jobs"]["check"]["steps"]
    commands = {step["name"]: step["run"] for step in steps if "run" in step}
    # It has made the shared environment, where all that the other steps import is compiled already.
    assert commands.pop("Install") == "uv sync"
    # In tests/project/test_docs.py, with much else: the checker reads the libraries anew each time.
    assert commands.pop("Types") == "uv run basedpyright"
    said = execute(workflow, "check", clone, only=tuple(commands), **shared(fresh))
    assert re.search(r"accuracy.*\n.*finished +\d\.\d+", said)
    assert re.search(r"tasks/train\.py +\| +\d+", said)
    assert run(clone, "git", "status", "--porcelain") == "?? summary.md\n"
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


@pytest.mark.thorough
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
    # The main branch is as it was.
    said = execute(workflow, "compare", workspace, ("After", "Summary"), **shared(fresh))
    said = said.rpartition("### Before and after")[2]
    assert re.search(r"^ +accuracy +[\d.]+ +[\d.]+|metrics", said, flags=re.MULTILINE)
    assert "tasks/train.py: TrainLogistic" in said
    (workspace / "base/src/my_thesis/pipeline.py").write_text("def pipeline(:\n")
    said = execute(workflow, "compare", workspace, ("Before", "Summary"), **shared(fresh))
    said = said.rpartition("### Before and after")[2]
    assert "The main branch does not run" in said


def test_the_hooks_of_git_accept_a_new_project_and_empty_its_notebooks(fresh: Project) -> None:
    assert fresh.environment
    hooks = {
        hook["id"]: hook
        for hook in yaml.safe_load(fresh.read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    }
    # The types take a while, and CI's step asks the same.
    assert hooks.pop("types")["entry"] in fresh.read(".github/workflows/ci.yml")
    variables = shared(fresh)
    path = (
        f"{fresh.environment / 'bin'}{os.pathsep}{variables['PATH']}{os.pathsep}{Path(UV).parent}"
    )
    variables |= {"PATH": path, "SKIP": "types"}
    words = [fresh.environment / "bin" / "pre-commit", "run", "--all-files"]
    assert run(fresh.root, *words, **variables).count("Passed") == len(hooks)
    assert run(fresh.root, "git", "status", "--porcelain") == ""
    empty = fresh.read("notebooks/explore.ipynb")
    output = '"outputs": [{"name": "stdout", "output_type": "stream", "text": ["secret"]}]'
    fresh.edit("notebooks/explore.ipynb", '"outputs": []', output)
    with pytest.raises(AssertionError, match="files were modified"):
        run(fresh.root, *words, "notebooks", **variables)
    assert fresh.read("notebooks/explore.ipynb") == empty


def test_the_templates_ci_runs_its_lint_and_all_tests_here_and_on_github() -> None:
    """The lint itself takes longer than most tests: it has run before them where `.ci/run` called both."""
    jobs = yaml.safe_load(CI.read_text())["jobs"]
    assert [step["run"] for step in jobs["lint"]["steps"] if "run" in step] == ["make lint"]
    tests = [step["run"] for step in jobs["test"]["steps"] if "run" in step]
    assert tests[-1] == 'make "$TESTS"'
    assert jobs["test"]["strategy"]["matrix"]["tests"] == ["test", "test-all"]
    lines = (TEMPLATE / ".ci/run").read_text().splitlines()
    assert lines[-3:] == ["make lint", "make test", "make test-all"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a release reads of this repository, and what its tests hand on."""
    for name in ("CHANGELOG.md", ".ci/release", "src/labkart/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TEMPLATE / name, tmp_path / name)
    (tmp_path / "dist").mkdir()
    for name in DISTRIBUTIONS:
        (tmp_path / name).touch()
    return tmp_path


VERSION = labkart.__version__
DISTRIBUTIONS = [
    f"dist/labkart-{VERSION}-py3-none-any.whl",
    f"dist/labkart-{VERSION}.tar.gz",
]


def test_a_release_needs_a_tag_that_agrees_with_the_files(checkout: Path) -> None:
    execute(RELEASE, "agree", checkout, GITHUB_REF_NAME=f"v{VERSION}")
    for tag in ("v999.0.0", VERSION, "vain"):
        with pytest.raises(AssertionError, match=tag):
            execute(RELEASE, "agree", checkout, GITHUB_REF_NAME=tag)


def test_a_release_has_the_news_the_wheel_and_the_sdist(checkout: Path) -> None:
    """GitHub's program is not here: another one keeps its arguments."""
    (checkout / "bin").mkdir()
    (checkout / "bin/gh").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > arguments\n')
    (checkout / "bin/gh").chmod(0o755)
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    tag = f"v{VERSION}"
    execute(RELEASE, "github", checkout, PATH=path, GITHUB_REF_NAME=tag, RUNNER_TEMP=str(checkout))
    arguments = (checkout / "arguments").read_text().split("\n")
    assert arguments[:5] == ["release", "create", tag, *DISTRIBUTIONS]
    assert "--verify-tag" in arguments
    changes = (TEMPLATE / "CHANGELOG.md").read_text()
    section = changes.partition(f"\n## {VERSION} ")[2].partition("\n## ")[0]
    news = (checkout / "news.md").read_text().strip()
    assert news == section.partition("\n")[2].strip() != ""


def test_what_is_published_was_tested() -> None:
    jobs = yaml.safe_load(RELEASE.read_text())["jobs"]
    assert jobs["test"]["needs"] == "agree"
    assert jobs["github"]["needs"] == jobs["index"]["needs"] == "test"
    assert jobs["test"]["uses"].endswith(CI.relative_to(TEMPLATE).as_posix())


# Editors


def test_a_debugger_starts_labkart_and_the_tests_as_modules(project: Project) -> None:
    launches = json.loads(project.read(".vscode/launch.json"))["configurations"]
    assert project.warm
    printed = []
    for launch in launches:
        words = [word.replace("${file}", "tests/test_tasks.py") for word in launch["args"]]
        done = project.warm.execute(project, launch["module"], *words)
        assert done.returncode == 0, done.stdout + done.stderr
        printed.append(done.stdout)
    assert "accuracy" in printed[0] and "passed" in printed[1]


# The two commands


@pytest.mark.thorough
def test_make_demo_needs_no_uv_and_is_quick_the_second_time(tmp_path: Path, compiled: Path) -> None:
    clone = tmp_path / "labkart"
    shutil.copytree(
        TEMPLATE,
        clone,
        ignore=shutil.ignore_patterns(".venv", ".tools", "demo", ".pytest_cache", ".ruff_cache"),
    )
    uv = clone / ".tools/bin/uv"
    run(clone, "make", uv)
    write_sharing_uv(uv, str(uv.rename(uv.with_name("real"))), compiled)
    first = run(clone, "make", "demo")
    assert "accuracy" in first and "demo/my-thesis/.venv/bin/labkart ui" in first
    assert "nothing to do" in run(clone, "make", "demo")
    assert run(clone, "git", "status", "--porcelain", "--ignored=no") == run(
        TEMPLATE, "git", "status", "--porcelain"
    )
