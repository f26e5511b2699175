"""A checkout at a commit with a diff: what is in it, and that nothing of the student's changes."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from labkart import digests, signals
from labkart.errors import LabkartError
from labkart.records import provenance
from labkart.results.reproduce.checkout import checked_out
from labkart.results.reproduce.data import DataSource
from tests.support.tiny import write

pytestmark = pytest.mark.integration


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(root: Path) -> Path:
    """The tiny project with one commit, whose hooks would spoil every checkout."""
    git(root, "init", "--quiet")
    write(root, **{"src/a.py": "one = 1\n"})
    (root / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=First")
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch spoilt\nexit 1\n")
    hook.chmod(0o755)
    return root


def test_a_checkout_has_the_commit_and_the_uncommitted_changes_of_a_record(
    repository: Path,
) -> None:
    (repository / "crlf.txt").write_bytes(b"a\r\nc\r\n\xff")
    (repository / "picture.bin").write_bytes(bytes(range(256)))
    write(repository, **{"src/new.py": "two = 2\n"})
    (repository / "src/a.py").unlink()
    state, diff = provenance.code_state(repository)
    git(repository, "checkout", "--quiet", "--", "src/a.py", "crlf.txt")
    (repository / "picture.bin").unlink()
    with checked_out(repository, str(state["commit"]), diff) as there:
        assert (there / "crlf.txt").read_bytes() == b"a\r\nc\r\n\xff"
        assert (there / "picture.bin").read_bytes() == bytes(range(256))
        assert (there / "src/new.py").read_text() == "two = 2\n"
        assert not (there / "src/a.py").exists() and not (there / "spoilt").exists()


def test_it_has_the_files_of_submodules_also_of_nested_ones(
    repository: Path, tmp_path: Path
) -> None:
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for folder, file in ((inner, "deep/内.py"), (outer, "outer.py")):
        folder.mkdir()
        git(folder, "init", "--quiet")
        write(folder, **{file: "x = 1\n"})
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=First")
    adding = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(outer, *adding, str(inner), "in side")
    git(outer, "commit", "--quiet", "--message=Inner")
    git(repository, *adding, str(outer), "src/ext")
    update = ("submodule", "--quiet", "update", "--init", "--recursive")
    git(repository, "-c", "protocol.file.allow=always", *update)
    git(repository, "commit", "--quiet", "--message=Outer")
    write(repository, **{"src/ext/outer.py": "x = 2\n"})
    status = git(repository, "status", "--porcelain")
    with checked_out(repository, "HEAD") as there:
        assert (there / "src/ext/outer.py").read_text() == "x = 1\n"
        assert (there / "src/ext/in side/deep/内.py").is_file()
    assert git(repository, "status", "--porcelain") == status
    assert git(repository, "worktree", "list").count("\n") == 0


def test_index_branch_stash_and_files_stay_and_no_trace_is_left(repository: Path) -> None:
    write(repository, **{"src/a.py": "one = 2\n"})
    git(repository, "stash")
    write(repository, **{"src/a.py": "one = 3\n", "src/b.py": "staged = 1\n"})
    git(repository, "add", "src/b.py")
    git(repository, "branch", "other")

    def state() -> list[str]:
        index = (repository / ".git" / "index").read_bytes().hex()
        asked = (
            ("stash", "list"),
            ("branch", "-vv", "--all"),
            ("status", "--porcelain"),
            ("worktree", "list"),
        )
        return [index, *(git(repository, *words) for words in asked)]

    before = state()
    checkouts = []

    def fail_in_checkout() -> None:
        with checked_out(repository, git(repository, "rev-parse", "HEAD")) as checkout:
            checkouts.append(checkout)
            write(checkout, **{"src/a.py": "one = 4\n"})
            git(checkout, "add", "--all")
            raise KeyError

    with pytest.raises(KeyError):
        fail_in_checkout()
    assert state() == before
    assert not checkouts[0].exists() and not list((repository / ".git").glob("worktrees/*"))


def test_a_project_below_the_top_of_its_repository_is_checked_out_there(repository: Path) -> None:
    with checked_out(repository / "src", git(repository, "rev-parse", "HEAD")) as there:
        assert (there / "a.py").exists() and there.name == "src"


def test_a_diff_applies_although_the_record_masks_what_the_commit_has(repository: Path) -> None:
    write(repository, **{"src/b.py": "word = 'hunter22'\nx = 1\nkey = 'hunter23'\n"})
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Second")
    diff = (
        "diff --git a/src/b.py b/src/b.py\n--- a/src/b.py\n+++ b/src/b.py\n@@ -1,3 +1,3 @@\n"
        " word = '***'\n-x = 1\n-key = '***'\n+x = 2\n+key = '***'\n"
    )
    with checked_out(repository, git(repository, "rev-parse", "HEAD"), diff) as there:
        assert (there / "src/b.py").read_text() == "word = 'hunter22'\nx = 2\nkey = '***'\n"


def test_a_checkout_that_somebody_removed_leaves_no_trace_either(repository: Path) -> None:
    with checked_out(repository, git(repository, "rev-parse", "HEAD")) as there:
        shutil.rmtree(there)
    assert len(git(repository, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("commit", "diff", "said"),
    [
        ("ab" * 20, "", "Commit ababababab is not in this repository"),
        (
            "HEAD",
            "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-other\n+one = 2\n",
            "do not fit the commit: patch failed",
        ),
    ],
)
def test_what_cannot_be_checked_out_is_said_and_leaves_no_trace(
    commit: str, diff: str, said: str, repository: Path
) -> None:
    with pytest.raises(LabkartError, match=said), checked_out(repository, commit, diff):
        pass
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_ctrl_c_waits_for_the_end_of_what_must_not_be_cut() -> None:
    done = []

    def work() -> None:
        with signals.deferred():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# Data


def of(root: Path, path: str, declared: bool = True) -> DataSource:
    return DataSource(path, digests.fresh_content_digest(root / path), "Load", declared)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


def test_a_declared_file_is_linked_and_one_that_a_run_may_write_to_is_copied(
    root: Path, checkout: Path
) -> None:
    write(root, **{"data/raw/a.csv": "1\n", "data/made.csv": "2\n"})
    for name, declared in (("data/raw/a.csv", True), ("data/made.csv", False)):
        of(root, name, declared).copy_to(checkout)
    assert (checkout / "data/raw/a.csv").is_symlink()
    (checkout / "data/made.csv").write_text("3\n")
    assert (root / "data/made.csv").read_text() == "2\n"


def test_a_folder_of_which_git_has_a_part_becomes_whole_file_by_file(
    root: Path, checkout: Path
) -> None:
    write(root, **{"data/raw/README.md": "new", "data/raw/deep/a.csv": "1\n"})
    write(checkout, **{"data/raw/README.md": "old"})
    whole = of(root, "data/raw")
    whole.copy_to(checkout)
    assert whole.is_in(checkout)
    (checkout / "data/raw/more.csv").write_text("x")
    assert not (root / "data/raw/more.csv").exists()


def test_what_changed_or_went_away_is_named(root: Path, checkout: Path) -> None:
    write(root, **{"data/raw/a.csv": "1\n"})
    found = of(root, "data/raw/a.csv")
    assert found.problem() == "" and not found.is_in(checkout)
    write(root, **{"data/raw/a.csv": "2\n"})
    assert found.problem().startswith("data/raw/a.csv changed since Load read it")
    (root / "data/raw/a.csv").unlink()
    assert found.problem().startswith("data/raw/a.csv is gone since Load read it")
    assert found.needed and of(root, "pyproject.toml", declared=False).needed is False
