"""What `labkart update` refuses, and what it says, before it merges anything."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from labkart.cli import main, rendering, update
from labkart.errors import LabkartError
from tests.support.tiny import write

pytestmark = pytest.mark.integration

_IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def git(folder: Path, *words: str, check: bool = True) -> str:
    command = ["git", *_IDENTITY, *words]
    return subprocess.run(
        command, cwd=folder, check=check, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with two releases, which is on the second one."""
    folder = tmp_path / "template"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    changes = "# Changes\n"
    for version in ("0.9.0", "0.10.0"):
        changes = changes.replace("\n", f"\n\n## {version}\n\nNews of {version}.\n", 1)
        write(folder, **{"CHANGELOG.md": changes})
        commit(folder, version)
        git(folder, "tag", f"v{version}")
    return folder


@pytest.fixture
def origin(root: Path, template: Path) -> Path:
    """A project in git that was made from the first release; returns its root."""
    state(root, template)
    write(root, **{".gitignore": "/ignored\n"})
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root, "A project")
    return root


def state(root: Path, template: Path, revision: str = "v0.9.0") -> None:
    note = {
        "template": str(template),
        "commit": git(template, "rev-parse", revision),
        "context": {"cookiecutter": {"project_slug": "tiny"}},
    }
    write(root, **{".cruft.json": json.dumps(note)})


def run(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 1) -> str:
    assert main.main(["update", *argv]) == code
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_whether_there_is_a_newer_version_can_be_asked_alone(
    origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(origin, **{"notes.txt": "not committed, which does not matter here"})
    printed = run(capsys, "--check")
    assert "v0.10.0 is available; this project has v0.9.0" in printed
    assert "News of 0.10.0" in printed and "News of 0.9.0" not in printed
    assert "this project has v0.9.0" in run(capsys, "--check", "--to", "v0.9.0", code=0)


def test_a_japanese_project_is_told_where_the_changes_are(
    origin: Path, template: Path, japanese_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run(capsys, "--check")
    assert f"変更点 (英語): {template} の CHANGELOG.md (v0.10.0)" in printed
    assert "News" not in printed


def test_the_newest_needs_no_update(
    origin: Path, template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state(origin, template, "v0.10.0")
    commit(origin, "Updated")
    assert run(capsys, code=0) == "  v0.10.0 is the newest\n"


def test_a_version_that_does_not_exist_is_answered_with_those_that_do(
    origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run(capsys, "--to", "v0.11.0")
    assert 'no version "v0.11.0". Did you mean "v0.10.0"?' in printed


@pytest.mark.parametrize("shown", ["normal", "no"])
def test_changes_that_are_not_committed_are_named(
    shown: str, origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(origin, "config", "status.showUntrackedFiles", shown)
    write(origin, **{f"notes{number}.txt": "not to be lost" for number in range(7)})
    printed = run(capsys)
    assert "not committed:\n  notes0.txt\n" in printed
    assert "\n  ... and 2 more\nCommit them first: git add --all, git commit\n" in printed


@pytest.mark.parametrize("kind", ["merge", "rebase", "cherry-pick", "revert"])
def test_what_git_has_begun_must_be_finished_first(
    kind: str, origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(origin, "switch", "--quiet", "--create", "other")
    write(origin, **{"page.md": "theirs\n"})
    commit(origin, "Theirs")
    git(origin, "switch", "--quiet", "--create", "mine", "HEAD~")
    write(origin, **{"page.md": "mine\n"})
    commit(origin, "Mine")
    git(origin, kind, *(["--no-edit"] if kind == "revert" else []), "other", check=False)
    git(origin, "checkout", "HEAD", "--", ".")
    assert git(origin, "status", "--porcelain") == ""
    assert f"A {kind} is not finished" in run(capsys)


def test_without_a_repository_a_sentence_says_what_to_do(
    root: Path,
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state(root, template)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    printed = run(capsys)
    assert "is not in a git repository" in printed and "git init" in printed


def test_a_project_without_a_note_of_its_template_is_told_how_to_write_one(
    origin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(origin, **{".cruft.json": "{"})
    assert ".cruft.json is damaged" in run(capsys)
    (origin / ".cruft.json").unlink()
    assert re.search(r"uv tool run cruft link .* --checkout v\d", run(capsys))


def test_where_nothing_can_be_compared_the_exit_code_says_so(
    origin: Path, template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template.rename(template.with_name("moved"))
    assert "git cannot fetch the template" in run(capsys, "--check", code=2)
    assert "git cannot fetch the template" in run(capsys, code=1)


def test_what_a_newer_template_asks_is_said_with_the_answer() -> None:
    earlier = {"license": "MIT"}
    assert update.describe_new_questions(earlier, {"license": "MIT", "_commit": "1"}) == ""
    answers = {"license": "MIT", "__package": "x", "sample": "blank"}
    question, *advice = update.describe_new_questions(earlier, answers).splitlines()[1:]
    assert question == "  sample: blank" and "git reset --hard" in " ".join(advice)


def test_a_template_that_is_gone_or_another_is_named(
    origin: Path, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = json.loads((origin / ".cruft.json").read_text())
    for address, words in {
        tmp_path / "gone": "cannot fetch the template from",
        origin: "does not have the commit",
    }.items():
        write(origin, **{".cruft.json": json.dumps(note | {"template": str(address)})})
        commit(origin, "Another address")
        printed = run(capsys)
        assert str(address) in printed and words in printed and '"template"' in printed


def test_without_cruft_and_uv_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.delenv("UV", raising=False)
    with pytest.raises(LabkartError, match="pip install uv"):
        rendering._cruft()


@pytest.mark.parametrize(
    ("variable", "lock", "is_used"),
    [("uv", False, True), ("", True, True), ("", False, False)],
)
def test_uv_moves_the_library_only_where_the_project_is_used_with_it(
    variable: str, lock: bool, is_used: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, **({"uv.lock": ""} if lock else {}), **{"bin/uv": ""})
    (tmp_path / "bin/uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("UV", raising=False)
    if variable:
        monkeypatch.setenv("UV", variable)
    assert bool(update._uv(tmp_path)) is is_used


@pytest.mark.parametrize(
    ("name", "is_skipped"),
    [
        ("conf", True),
        ("conf/data/wine.yaml", True),
        ("conference.md", False),
        ("docs/conf", False),
        (".github/workflows/ci.yml", False),
        ("notes.txt", True),
    ],
)
def test_what_is_skipped_is_a_file_or_all_of_a_folder(name: str, is_skipped: bool) -> None:
    assert rendering._is_skipped(name, ["conf", "*.txt"]) is is_skipped
