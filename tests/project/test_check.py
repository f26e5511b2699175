"""`labkart check` in a baked project: passes when it is fresh, finds what a student does wrong, and says so in a sentence."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Ready
from tests.support.bake import Project

_WRONG = {
    "src/my_thesis/pipeline.py": ("def pipeline", "print('hello')\n\n\ndef pipeline"),
    "src/my_thesis/tasks/train.py": ("trees: IntParameter =", "trees ="),
    "conf/model/forest.yaml": ("trees: 300", "trees: 300\nnote: unused"),
    "src/labkart/digest.py": ("_TICK = 20_000_000", "_TICK = 1"),
}


def test_a_fresh_project_passes_and_quickly(fresh: Project) -> None:
    took = list[float]()
    for _ in range(3):
        begun = time.perf_counter()
        assert fresh.labkart("check") == "Nothing broken: 21 rules hold.\n"
        took.append(time.perf_counter() - begun)
    print("labkart check:", " ".join(f"{seconds:.2f} s" for seconds in took))


@pytest.mark.parametrize("language", ["en", "ja"])
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
        ["conf/model/forest.yaml:6", "unused-key"],
        ["src/labkart/digest.py", "edited-runtime"],
        ["src/my_thesis/pipeline.py:14", "print"],
        ["src/my_thesis/tasks/train.py:29", "untyped-parameter"],
        ["src/my_thesis/tasks/train.py:41", "untyped-parameter"],
        ["実験 1.py", "outside-layout"],
    ]
    assert len(said[1].splitlines()) == 5
    assert ("write trees: IntParameter" in said[0]) == (language == "en")
    assert ("と書いてください" in said[0]) == (language == "ja")
    assert said[2].startswith(
        {"en": "6 findings, 5 rules broken", "ja": "6 件、5 個の規則に反しています"}[language]
    )


def test_what_ruff_finds_and_what_it_accepts_is_the_same(fresh: Project) -> None:
    fresh.edit(
        "src/my_thesis/tasks/split.py",
        "import pandas as pd",
        "import sys\n\nimport mlflow\nimport pandas as pd",
    )
    fresh.edit(
        "src/my_thesis/tasks/split.py",
        "        self.dump(",
        "        mlflow.start_run()\n        sys.path.append('.')\n        self.dump(",
    )
    fresh.edit(
        "tests/test_tasks.py",
        "def tiny_split",
        "print('here')  # noqa: T201 to see it\n\n\ndef tiny_split",
    )
    ours = json.loads(
        fresh.run(
            "labkart", "check", "--json", "print", "own-tracking", "sys-path", "waiver"
        ).stdout
    )
    theirs = fresh.run("ruff", "check", "--output-format", "json", "--select", "T20,TID251").stdout
    places = {(str(fresh.root / each["path"]), each["line"]) for each in ours}
    assert places == {(each["filename"], each["location"]["row"]) for each in json.loads(theirs)}
    assert [each["rule"] for each in ours] == ["own-tracking", "sys-path"]


def test_broken_files_get_a_sentence_and_no_traceback_from_any_folder(fresh: Project) -> None:
    fresh.edit("src/my_thesis/tasks/train.py", "class TrainForest(", "class TrainForest((")
    (fresh.root / "conf/model/new.yaml").write_text("a: [1\n")
    (fresh.root / "notebooks/explore.ipynb").write_text("{")
    (fresh.root / "README.md").write_bytes("研究".encode("cp932"))
    (fresh.root / "data/raw/measured.csv").write_text("1\n")
    (fresh.root / "data/raw/elsewhere.csv").symlink_to("nothing")
    sub = Project(fresh.root / "src/my_thesis", fresh.environment)
    done = sub.run("labkart", "check")
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split("  ")[:2] for line in done.stdout.split("\n\n")[0].splitlines()] == [
        ["README.md:1", "unreadable-file"],
        ["conf/model/new.yaml:2", "broken-config"],
        ["data/raw/elsewhere.csv", "raw-data"],
        ["notebooks/explore.ipynb:1", "unreadable-file"],
        ["src/my_thesis/tasks/train.py:26", "unreadable-file"],
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
        "`labkart check --lock-data`, and commit"
        in fresh.run("labkart", "check", "raw-data").stdout
    )
    assert (
        fresh.labkart("check", "--lock-data")
        == "Files noted in data/raw.sha256: 1 (1 new, 0 changed, 0 gone).\n"
    )
    assert fresh.labkart("check", "raw-data") == "Nothing broken: the rule holds.\n"
    (fresh.root / "data/raw/測定 1.csv").write_text("2\n")
    assert (
        "data/raw/測定 1.csv  raw-data  not the content"
        in fresh.run("labkart", "check", "raw-data").stdout
    )
