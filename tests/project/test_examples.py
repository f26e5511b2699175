"""The examples: each is laid over a project that was just made, and does what its README says."""

import csv
import json
import shutil
import subprocess

import pytest
from pypdf import PdfReader

from tests.support.bake import TEMPLATE, Project

EXAMPLES = TEMPLATE / "examples"


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
