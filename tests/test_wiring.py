"""What surrounds the code: installation, workflows, hooks of git, MLflow's page in a browser, the two commands."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TEMPLATE, UV, Project, clean_environment
from playwright.sync_api import Page, sync_playwright


def run(folder: Path, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        words, cwd=folder, env=clean_environment(**variables), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Installation


def test_pip_alone_is_enough(fresh: Project) -> None:
    run(fresh.root, sys.executable, "-m", "venv", ".venv")
    run(fresh.root, ".venv/bin/pip", "install", "--quiet", "-e", ".")
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
    said = run(fresh.root, fresh.environment / "bin" / "pre-commit", "run", "--all-files", **variables)
    assert said.count("Passed") == 3


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


# MLflow's page


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    # Chromium would call its maker at once; nothing of a test leaves this machine.
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield browser.new_page(viewport={"width": 1600, "height": 1000})
        browser.close()


@pytest.fixture
def link(project: Project) -> Iterator[str]:
    """The link that `labkart ui` prints, while it serves."""
    words, variables = project.command("labkart", "ui"), project.variables()
    with subprocess.Popen(words, cwd=project.root, env=variables, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0


def test_the_printed_link_opens_the_runs_and_a_run_shows_its_results(link: str, page: Page, first_run: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(link)
    page.get_by_role("link", name="defaults").click()
    page.get_by_text("TrainLogistic.max_iter").first.wait_for()
    accuracy = re.findall(r"accuracy ([\d.]+)", first_run)[0]
    assert page.get_by_text(re.compile(rf"^{accuracy}")).first.is_visible()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("EvaluateModel").first.click()
    page.get_by_text("roc_curve.png").click()
    page.locator("img[src*='blob:'], img[alt]").last.wait_for()
    assert {url.split("/")[2] for url in requests if url.startswith("http")} == {link.split("/")[2]}


def test_the_page_is_served_on_this_machine_only_by_one_worker(link: str) -> None:
    assert link.startswith("http://127.0.0.1:")
    port = link.split(":")[2].partition("/")[0]
    words = [
        Path(file, "cmdline").read_bytes().split(b"\0")
        for file in Path("/proc").glob("[0-9]*")
        if Path(file, "cmdline").exists()
    ]
    serving = [" ".join(map(bytes.decode, each)) for each in words if b"--port" in each and port.encode() in each]
    assert serving and all("--host 127.0.0.1" in each for each in serving)
    assert any("--workers 1" in each for each in serving)


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
