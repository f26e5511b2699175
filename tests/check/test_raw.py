"""The rule on `data/raw/`, and the list of what is in it."""

import subprocess
from pathlib import Path

import pytest

from labkart import project
from labkart.check import raw
from labkart.check.tree import Tree
from labkart.errors import LabkartError
from tests.check.conftest import Find, places
from tests.support.tiny import write


def _lock() -> dict[str, int]:
    return raw.lock_data(Tree(project.current()))


def test_the_list_is_what_sha256sum_reads_and_shows_what_changed(study: Path, find: Find) -> None:
    files = {
        "data/raw/b c.csv": "1",
        "data/raw/データ/a.csv": "2",
        "data/raw/back\\slash": "3",
        "data/raw/README.md": "",
    }
    write(study, **files)
    assert _lock() == {"new": 3, "changed": 0, "missing": 0, "all": 3}
    assert find("raw-data") == []
    command = ["sha256sum", "--check", "--strict", "data/raw.sha256"]
    subprocess.run(command, cwd=study, check=True, capture_output=True)
    (study / "data/raw/back\\slash").unlink()
    found = find("raw-data", **{"data/raw/b c.csv": "4", "data/raw/new.csv": "5"})
    assert {finding.path: finding.key for finding in found} == {
        "data/raw/b c.csv": "changed",
        "data/raw/new.csv": "new",
        "data/raw/back\\slash": "missing",
    }
    assert _lock() == {"new": 1, "changed": 1, "missing": 1, "all": 3}
    assert find("raw-data") == []


def test_what_git_ignores_may_be_missing_and_stays_listed(study: Path, find: Find) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=study, check=True)
    write(study, **{".gitignore": "*.big\n", "data/raw/a.big": "1", "data/raw/b.csv": "2"})
    _lock()
    (study / "data/raw/a.big").unlink()
    assert find("raw-data") == []
    assert _lock() == {"new": 0, "changed": 0, "missing": 0, "all": 2}
    changed = {"data/raw/a.big": "changed"}
    assert places(find("raw-data", **changed)) == ["data/raw/a.big raw-data"]


def test_without_data_there_is_nothing_to_lock(study: Path) -> None:
    with pytest.raises(LabkartError, match="has no files to lock"):
        _lock()


def test_a_damaged_list_and_a_file_that_cannot_be_read_get_a_sentence(
    study: Path, find: Find
) -> None:
    damaged = {"data/raw.sha256": "<<<<<<< HEAD\n"}
    assert places(find("raw-data", **damaged)) == ["data/raw.sha256:1 raw-data"]
    (study / "data/raw").mkdir()
    (study / "data/raw/a.csv").symlink_to("nowhere")
    (finding,) = find("raw-data")
    assert (finding.path, finding.key) == ("data/raw/a.csv", "denied")
    why = r"data/raw/a.csv: No such file or directory. Nothing was locked."
    with pytest.raises(LabkartError, match=why):
        _lock()
