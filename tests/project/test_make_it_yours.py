"""From each sample to a study of one's own: the page is followed to the letter, and nothing of the sample is left."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.conftest import Ready
from tests.project.test_docs import DOCS, Home, do, git, put
from tests.project.test_samples import files_of, run_ci

PAGE = "make-it-yours"
CASES = [("classification", "en"), ("retrieval", "ja"), ("blank", "en")]
PACKAGES = re.compile(r"`pyproject\.toml`[^`]*`(# [^`]+)`")


@pytest.mark.thorough
@pytest.mark.parametrize(("sample", "language"), CASES)
def test_nothing_of_the_sample_is_left(
    sample: str, language: str, tmp_path: Path, ready: Ready
) -> None:
    home = Home(ready(tmp_path, sample=sample, language=language), language)
    project = home.project
    first = {path: project.read(path) for path in files_of(sample)}
    project.labkart("run")
    project.labkart("report", "sample", "--allow", "dirty")

    printed = follow(home)

    assert "rmse" in printed["uv run labkart run"]
    assert re.search(r"\| 2 \| .+\n\| 1 \| ", project.read("reports/curves.md"))
    assert git(project, "status", "--porcelain") == ""
    written = {block.file for block in home.blocks(PAGE)} | {"data/raw.sha256"}
    remaining = project.files() & set(first)
    assert remaining <= written
    assert not [path for path in remaining if project.read(path) == first[path]]
    assert not [path for path in project.files() if path.startswith("reports/sample")]
    dependencies = tomllib.loads(project.read("pyproject.toml"))["project"]["dependencies"]
    assert [name for name in dependencies if not name.startswith("labkart")] == []

    printed = run_ci(project)
    assert "1 passed" in printed["pytest"]
    assert "rmse" in printed["labkart run"]
    done = project.run("basedpyright", "--pythonpath", *project.command("python"))
    assert done.returncode == 0, done.stdout


def follow(home: Home) -> dict[str, str]:
    """Write what the page shows, type its commands; what each of them printed."""
    project, printed = home.project, dict[str, str]()
    for block in home.blocks(PAGE):
        put(project, block)
        for command in block.commands:
            if command.startswith("rm -r "):
                for folder in command.split()[2:]:
                    shutil.rmtree(project.root / folder)
                remove_packages(home)  # the sentence below it
            else:
                printed[command] = do(project, command)
    return printed


def remove_packages(home: Home) -> None:
    """Delete the lines of `pyproject.toml` of which the page says so, if the sample has them."""
    page = (DOCS / home.language / f"{PAGE}.md").read_text(encoding="utf-8")
    (comment,) = PACKAGES.findall(page)
    text = home.project.read("pyproject.toml")
    text = re.sub(rf'({re.escape(comment)}.*\n)( *".+",\n)*', r"\1", text)
    (home.project.root / "pyproject.toml").write_text(text, encoding="utf-8")
