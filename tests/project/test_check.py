"""`labkart check` in a baked project: passes when it is fresh, finds what a student does wrong, and says so in a sentence."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from labkart.check.rules import RULES
from tests.conftest import Ready
from tests.support.bake import Project
from tests.support.variants import variants

_WRONG = {
    "src/my_thesis/pipeline.py": (
        "def pipeline",
        "print('hello')\nDATA = '/home/ann'\n\n\ndef pipeline",
    ),
    "src/my_thesis/tasks/train.py": ("trees: IntParameter =", "trees ="),
    "conf/model/forest.yaml": ("trees: 300", "trees: 300\nnote: unused"),
    "pyproject.toml": ('template = "', 'template = "0.0.'),
}


def test_a_fresh_project_passes(fresh: Project) -> None:
    assert fresh.labkart("check") == f"Nothing broken: {len(RULES)} rules hold.\n"


@pytest.mark.parametrize("language", variants(["en", "ja"]))
def test_five_mistakes_are_all_found_and_told_in_the_projects_language(
    tmp_path: Path, ready: Ready, language: str
) -> None:
    project = ready(tmp_path, language=language)
    for path, (old, new) in _WRONG.items():
        project.edit(path, old, new)
    (project.root / "実験 1.py").write_text("")
    done = project.run("labkart", "check")
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout.split("\n\n")
    assert [line.split("  ")[:2] for line in said[0].splitlines()] == [
        *_places(project, "conf/model/forest.yaml", "note: unused", "unused-key"),
        *_places(project, "pyproject.toml", "template =", "version-mismatch"),
        *_places(project, "src/my_thesis/pipeline.py", "/home/ann", "absolute-path"),
        *_places(project, "src/my_thesis/tasks/train.py", " trees =", "untyped-parameter"),
        ["実験 1.py", "outside-layout"],
    ]
    assert len(said[1].splitlines()) == 5
    assert ("write trees: IntParameter" in said[0]) == (language == "en")
    assert ("と書いてください" in said[0]) == (language == "ja")
    assert said[2].startswith(
        {"en": "6 findings; broken rules: 5", "ja": "6 件、5 個の規則に反しています"}[language]
    )


def _places(project: Project, path: str, text: str, rule: str) -> list[list[str]]:
    """The lines of a file with a text, and the rule that they break."""
    lines = enumerate(project.read(path).splitlines(), 1)
    places = [[f"{path}:{number}", rule] for number, line in lines if text in line]
    assert places
    return places


def test_what_the_code_prints_is_not_among_the_findings(fresh: Project) -> None:
    fresh.edit("src/my_thesis/pipeline.py", "def pipeline", "print('hello')\n\n\ndef pipeline")
    done = fresh.run("labkart", "check", "--json")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [], "hello\n")


def test_broken_files_get_a_sentence_and_no_traceback_from_any_folder(fresh: Project) -> None:
    fresh.edit("src/my_thesis/tasks/train.py", "class TrainForest(", "class TrainForest((")
    (fresh.root / "conf/model/new.yaml").write_text("a: [1\n")
    (fresh.root / "notebooks/explore.ipynb").write_text("{")
    (fresh.root / "README.md").write_bytes("研究".encode("cp932"))
    (fresh.root / "data/raw/measured.csv").write_text("1\n")
    (fresh.root / "data/raw/elsewhere.csv").symlink_to("nothing")
    done = subprocess.run(
        fresh.command("labkart", "check"),
        cwd=fresh.root / "src/my_thesis",
        env=fresh.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split("  ")[:2] for line in done.stdout.split("\n\n")[0].splitlines()] == [
        ["conf/model/new.yaml:1", "broken-config"],
        ["data/raw/elsewhere.csv", "raw-data"],
        *_places(fresh, "src/my_thesis/tasks/train.py", "class TrainForest((", "broken-pipeline"),
    ]


def test_a_terminal_without_japanese_letters_still_shows_the_places(fresh: Project) -> None:
    fresh.edit("pyproject.toml", 'language = "en"', 'language = "ja"')
    (fresh.root / "run.py").touch()
    done = replace(fresh, warm=None).run(
        "labkart", "check", "outside-layout", PYTHONIOENCODING="latin-1"
    )
    assert (done.returncode, done.stderr) == (1, "") and done.stdout.startswith(
        "run.py  outside-layout  run.py ?"
    )


def test_data_is_locked_and_its_change_is_found(fresh: Project) -> None:
    (fresh.root / "data/raw/測定 1.csv").write_text("1\n")
    assert (
        "run `labkart check --lock-data` and commit"
        in fresh.run("labkart", "check", "raw-data").stdout
    )
    assert (
        fresh.labkart("check", "--lock-data")
        == "Files in data/raw.sha256: 1 (1 new, 0 changed, 0 gone).\n"
    )
    assert fresh.labkart("check", "raw-data") == "Nothing broken: the rule holds.\n"
    (fresh.root / "data/raw/測定 1.csv").write_text("2\n")
    assert (
        "data/raw/測定 1.csv  raw-data  its content differs"
        in fresh.run("labkart", "check", "raw-data").stdout
    )
