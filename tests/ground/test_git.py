"""Git runs in the repository around a folder, whatever the process inherits, and fails in a sentence."""

from pathlib import Path

import pytest

from labkart import git
from labkart.errors import LabkartError


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    root = tmp_path / "repository"
    root.mkdir()
    assert git.run(root, "init", "--quiet", "--initial-branch=main").ok
    (root / "a.txt").write_bytes(b"one\r\n")
    assert git.run(root, "add", "a.txt").ok
    assert git.run(root, "commit", "--quiet", "--message=First").ok
    return root


def test_the_output_has_no_newline_at_its_end(repository: Path) -> None:
    assert git.output(repository, "symbolic-ref", "--short", "HEAD") == "main"


def test_the_result_of_a_run_is_unchanged(repository: Path) -> None:
    assert git.run(repository, "cat-file", "blob", "HEAD:a.txt") == git.GitResult(0, "one\r\n", "")


def test_what_git_refuses_has_no_output_and_no_paths_and_a_reason(repository: Path) -> None:
    assert git.output(repository, "rev-parse", "--verify", "no-branch") is None
    assert git.paths(repository, "ls-tree", "-z", "no-branch") == []
    result = git.run(repository, "rev-parse", "--verify", "no-branch")
    assert (result.ok, result.reason) == (False, "Needed a single revision")


def test_a_failure_without_a_message_has_a_reason(repository: Path) -> None:
    assert git.run(repository, "cat-file", "-e", "HEAD:b.txt^{tree}").reason
    assert git.GitResult(1, "", "").reason == "it gives no reason"


@pytest.mark.parametrize(
    "name", ["with space.txt", "卒業.txt", "line\nbreak.txt", "latin-\udce9.txt"]
)
def test_paths_are_what_the_file_system_has(name: str, repository: Path) -> None:
    (repository / name).touch()
    assert git.paths(repository, "ls-files", "--others", "-z") == [name]
    assert git.run(
        repository, "add", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=name
    ).ok
    assert git.paths(repository, "diff", "--cached", "--name-only", "-z") == [name]


def test_without_git_there_is_no_output_and_a_run_says_what_to_do(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert git.output(repository, "rev-parse", "HEAD") is None
    assert git.paths(repository, "ls-files", "-z") == []
    with pytest.raises(LabkartError, match="git is not installed"):
        git.run(repository, "status")


def test_the_variables_of_a_hook_lead_to_no_other_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert git.paths(repository, "ls-files", "-z") == ["a.txt"]


def test_variables_of_the_caller_count(repository: Path, tmp_path: Path) -> None:
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    assert git.output(repository, "ls-files", env=index) == ""


def test_no_hook_of_the_repository_runs(repository: Path, tmp_path: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    hook.chmod(0o755)
    assert git.run(repository, "worktree", "add", "--detach", str(tmp_path / "checkout")).ok
    assert (tmp_path / "checkout" / "a.txt").exists() and not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ann:secret@example.org/lab/thesis.git", "https://example.org/lab/thesis.git"),
        ("https://token@example.org/thesis", "https://example.org/thesis"),
        ("https://ann:se@cret@example.org/a@b", "https://example.org/a@b"),
        ("https://example.org/thesis.git", "https://example.org/thesis.git"),
        ("ssh://git@example.org/thesis.git", "ssh://git@example.org/thesis.git"),
        ("git+ssh://git:secret@example.org/a", "git+ssh://git@example.org/a"),
        ("git@example.org:lab/thesis.git", "git@example.org:lab/thesis.git"),
        ("file:///srv/a@b.git", "file:///srv/a@b.git"),
        ("/srv/git/thesis.git", "/srv/git/thesis.git"),
    ],
)
def test_an_address_is_shown_without_credentials(address: str, shown: str) -> None:
    assert git.without_credentials(address) == shown
