"""The examples: each is laid over a project that was just made, and does what its README says."""

import csv
import json
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.conftest import Ready
from tests.project.test_docs import do, listed
from tests.support.bake import TEMPLATE, Project

EXAMPLES = TEMPLATE / "examples"
NAMES = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_told_in_both_languages(name: str) -> None:
    english, japanese = (EXAMPLES / name / page for page in ("README.md", "README.ja.md"))
    assert listed(english) == listed(japanese) != []
    assert f"]({name}/README.md)" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:conf|docs|reports|src|tests)/[^`]+)`", english.read_text()):
        assert (EXAMPLES / name / path).exists() or path.startswith("reports/"), path
    code = (EXAMPLES / name).rglob("*.py")
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in code) <= 200


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["titanic", "text", "pytorch"])
def test_a_study_does_what_its_readme_says(name: str, tmp_path: Path, ready: Ready) -> None:
    project = ready(tmp_path, sample="blank")
    commands = listed(EXAMPLES / name / "README.md")
    first = next(number for number, command in enumerate(commands) if "labkart run" in command)
    for command in commands[:first]:
        prepare(project, command)
    for command in ("ruff check", "ruff format --check", "python -m compileall -q src"):
        passes(project, command)
    if project.run(
        "python", "-c", f"import {'torch' if name == 'pytorch' else 'sklearn'}"
    ).returncode:
        pytest.skip("PyTorch is not installed")
    for command in commands[first:]:
        # The warm process writes beside the folder that it started in.
        do(replace(project, warm=None) if " -o " in command else project, command)
    python = shlex.join(project.command("python"))
    for command in ("labkart check", "pytest -q", f"basedpyright --pythonpath {python}"):
        passes(project, command)
    if name == "titanic":
        submission = project.read("reports/submission.csv").splitlines()
        assert submission[0] == "id,survived" and len(submission) == 1 + 140


def prepare(project: Project, command: str) -> None:
    """A command that comes before the first run. What `uv add` installs, all tests share."""
    words = shlex.split(command)
    if words[0] == "cp":
        for folder in words[2:-1]:
            target = project.root / Path(folder).name
            shutil.copytree(TEMPLATE / folder, target, dirs_exist_ok=True)
    elif words[:2] == ["uv", "add"]:
        lines = "".join(f'    "{package}",\n' for package in words[2:])
        comment = "    # What your tasks need: `uv add` puts it here.\n"
        project.edit("pyproject.toml", comment, comment + lines)
    else:
        do(project, command)


def passes(project: Project, command: str) -> None:
    done = project.run(*shlex.split(command))
    assert done.returncode == 0, done.stdout + done.stderr


def lay_over(project: Project, name: str) -> None:
    """Copy the folders of an example into a project, and commit them."""
    for folder in (EXAMPLES / name).iterdir():
        if folder.is_dir():
            shutil.copytree(folder, project.root / folder.name, dirs_exist_ok=True)
    for words in (["add", "--all"], ["commit", "--quiet", "--message", "An example"]):
        subprocess.run(["git", *words], cwd=project.root, env=project.variables(), check=True)


@pytest.mark.thorough
@pytest.mark.skipif(not shutil.which("lualatex"), reason="lualatex is not installed: .ci/install")
def test_a_chapter_has_the_numbers_of_its_experiments(fresh: Project) -> None:
    lay_over(fresh, "thesis")
    variables = fresh.variables(LABKART=fresh.command("labkart")[0])
    words = ["bash", "docs/thesis/build.sh"]
    done = subprocess.run(words, cwd=fresh.root, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "outputs/thesis/chapter.pdf"

    lines = fresh.read("reports/models.csv").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    means = {row["model"]: float(row["mean"]) for row in rows if row["metric"] == "accuracy"}
    pages = PdfReader(fresh.root / "outputs/thesis/chapter.pdf").pages
    text = " ".join("\n".join(page.extract_text() for page in pages).split())
    assert "trained 3 times" in text and "Table 1.1 has all metrics" in text
    start = text.index("reaches an accuracy of")
    sentence = text[start : text.index("Table 1.1", start)]
    for mean in means.values():
        assert any(abs(float(word) - mean) < 0.005 for word in numbers(sentence)), sentence
    assert "Model Accuracy ↑ Macro F1 ↑ ROC AUC ↑" in text
    assert (
        "Three models on unseen patients." in text
        and "Figure 1.1: The metrics of Table 1.1" in text
    )
    assert "as wide as" not in done.stdout, "the table fits"
    subprocess.run(["git", "add", "--all"], cwd=fresh.root, env=variables, check=True)
    assert "Nothing broken" in fresh.labkart("check")
    assert "1 report is current" in fresh.labkart("report", "--check")

    # What reports and LaTeX wrote makes no later run dirty.
    fresh.labkart("run", "seed=9")
    records = (fresh.root / "outputs/records/experiments").glob("*/record.json")
    states = [json.loads(record.read_text())["code"]["dirty"] for record in records]
    assert states == [False] * 10


def numbers(text: str) -> list[str]:
    """The words of a text that are numbers."""
    words = [word.strip(",.()[]") for word in text.split()]
    return [word for word in words if word.replace(".", "").isdigit()]
