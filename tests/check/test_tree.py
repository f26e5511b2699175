"""Which files belong to a project."""

import shutil
import subprocess
from pathlib import Path

import pytest

from labkart.check.rules import RULES
from tests.check.conftest import Find, places
from tests.support.bake import SOURCE
from tests.support.tiny import write


@pytest.mark.parametrize("repository", [True, False])
def test_what_git_ignores_is_not_part_of_the_project(
    study: Path, find: Find, repository: bool
) -> None:
    shutil.copy(SOURCE / ".gitignore", study)
    if repository:
        subprocess.run(["git", "init", "--quiet"], cwd=study, check=True)
    files = {
        ".venv/a.py": "",
        "outputs/a/b.txt": "",
        "src/study/__pycache__/a.pyc": "",
        "conf/local/default.yml": "",
    }
    assert find("outside-layout", **files) == []
    mine = {"own work/データ.py": ""}
    assert places(find("outside-layout", **mine)) == ["own work/ outside-layout"]


def test_a_deleted_file_and_links_do_no_harm(study: Path, find: Find) -> None:
    write(study, **{"src/study/a.py": "A = 1\n"})
    subprocess.run(["git", "init", "--quiet"], cwd=study, check=True)
    subprocess.run(["git", "add", "--all"], cwd=study, check=True)
    (study / "src/study/a.py").unlink()
    (study / "src/study/b.py").symlink_to("nowhere.py")
    (study / "notebooks").symlink_to("elsewhere")
    (study / "data").mkdir()
    (study / "data/raw").symlink_to(study / "conf")
    unrelated = ("undocumented-task", "raw-data", "untested-task")
    rules = [rule.id for rule in RULES if rule.id not in unrelated]
    assert places(find(*rules)) == ["notebooks outside-layout"]
