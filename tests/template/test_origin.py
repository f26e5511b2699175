"""Where a project's template came from: its address, its commit, what `.cruft.json` says, its pages on the web."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.config import get_user_config

from hooks import origin
from hooks.origin import Origin, cruft_state, pages_url, read_origin, without_credentials
from tests.support.bake import clean_environment

COMMIT = "0123456789" * 4


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A template with one commit."""
    folder = tmp_path / "labkart"
    folder.mkdir()
    (folder / "cookiecutter.json").write_text("{}\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=First")
    return folder


# The address


@pytest.mark.parametrize(
    ("template", "remote", "address"),
    [
        ("gh:lab/labkart", "https://github.com/lab/labkart.git", "https://github.com/lab/labkart.git"),
        ("https://example.org/lab/labkart", "https://example.org/lab/labkart", "https://example.org/lab/labkart"),
        ("https://example.org/x", "https://ann:secret@example.org/x", "https://example.org/x"),
        ("git+https://example.org/x", "https://secret@example.org/x", "https://example.org/x"),
        ("git@example.org:lab/labkart.git", "git@example.org:lab/labkart.git", "git@example.org:lab/labkart.git"),
        ("ssh://git:secret@example.org/x.git", "ssh://git:secret@example.org/x.git", "ssh://git@example.org/x.git"),
        ("file:///srv/labkart.git", "file:///srv/labkart.git", "file:///srv/labkart.git"),
    ],
)  # fmt: skip
def test_what_was_fetched_has_the_address_that_git_fetched_from(
    template: str, remote: str, address: str, repository: Path
) -> None:
    git(repository, "config", "remote.origin.url", remote)
    assert read_origin({"_template": template}, repository).address == address


def test_the_name_of_what_was_fetched_before_stands_for_its_address(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(json.dumps({"cookiecutters_dir": str(repository.parent)}))
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(settings))
    git(repository, "config", "remote.origin.url", "https://ann:secret@example.org/x")
    assert read_origin({"_template": "labkart"}, repository).address == "https://example.org/x"
    monkeypatch.delenv("COOKIECUTTER_CONFIG")

    def cookiecutter(config_dict: dict[str, object]) -> Origin:  # it has read a file of its option
        return read_origin({"_template": "labkart"}, repository)

    settings = get_user_config(str(settings))
    assert cookiecutter(settings).address == "https://example.org/x"


@pytest.mark.parametrize("name", ["labkart", "a:b", "gh:lab", "研究 室"])
def test_a_folder_is_a_folder_also_if_it_is_a_clone(name: str, repository: Path) -> None:
    folder = repository.rename(repository.parent / name)
    git(folder, "config", "remote.origin.url", "https://example.org/lab/labkart.git")
    for template in (str(folder), f"./{name}", "."):
        found = read_origin({"_template": template}, folder)
        assert (found.address, found.is_folder) == (str(folder), True)


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("https://ann:secret@example.org/x.zip", "https://example.org/x.zip"),
        ("/srv/x.zip", "/srv/x.zip"),
        ("folder/x.ZIP", str(Path.cwd() / "folder/x.ZIP")),
    ],
)
def test_a_zip_file_has_its_own_address_and_no_commit(
    template: str, address: str, tmp_path: Path
) -> None:
    assert read_origin({"_template": template}, tmp_path).address == address
    found = read_origin({"_template": template}, tmp_path)
    assert found.is_zip and not found.commit and not found.revision


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://oauth2:secret@example.org:8443/a/b.git", "https://example.org:8443/a/b.git"),
        ("https://secret@example.org/a/b", "https://example.org/a/b"),
        ("http://ann:sec@ret@example.org/a", "http://example.org/a"),
        ("https://example.org/b.zip?token=secret#secret", "https://example.org/b.zip"),
        ("git+https://ann:secret@example.org/b", "git+https://example.org/b"),
        ("ssh://git:secret@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
        ("ssh://git@example.org/a@b.git", "ssh://git@example.org/a@b.git"),
        ("git@example.org:a/b@c.git", "git@example.org:a/b@c.git"),
        ("file:///home/ann@work/labkart", "file:///home/ann@work/labkart"),
        ("/home/ann@work/labkart", "/home/ann@work/labkart"),
    ],
)
def test_no_password_and_no_token_stays_in_an_address(address: str, safe: str) -> None:
    assert without_credentials(address) == safe


# The commit


def test_a_commit_is_called_by_the_newest_version_among_its_tags(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert read_origin({"_template": "."}, repository).revision == commit
    for tag in ("v0.9.0", "v0.10.0", "v0.2.0", "other"):
        git(repository, "tag", tag)
    origin._git.cache_clear()
    found = read_origin({"_template": ".", "_checkout": "main"}, repository)
    assert (found.revision, found.commit, found.checkout) == ("v0.10.0", commit, "main")


@pytest.mark.parametrize("change", ["none", "edited", "no repository", "inside another repository"])
def test_only_a_template_that_is_exactly_a_commit_is_noted(change: str, repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    if change == "edited":
        (repository / "note.txt").write_text("not committed")
    elif change != "none":
        shutil.rmtree(repository / ".git")
    if change == "inside another repository":
        git(repository.parent, "init", "--quiet")
    answers = {"_template": ".", "_output_dir": "/x", "_repo_dir": "/y", "project_slug": "study"}
    state = cruft_state(answers, repository)
    if change != "none":
        assert state == ""
        return
    context = {"project_slug": "study", "_template": str(repository), "_commit": commit}
    assert json.loads(state) == {
        "template": str(repository),
        "commit": commit,
        "checkout": None,
        "context": {"cookiecutter": context},
        "directory": None,
    }


def test_without_git_there_is_an_address_and_no_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert read_origin({"_template": "."}, repository) == Origin(str(repository), is_changed=True)


def test_another_repository_that_the_shell_is_set_up_for_is_not_the_template(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert read_origin({"_template": "."}, repository).commit == git(
        repository, "rev-parse", "HEAD"
    )


# Under cruft


@pytest.fixture
def by_cruft(repository: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What cruft hands to a template, of which it has made a copy."""
    monkeypatch.setattr(sys, "argv", ["cruft", "create", "gh:lab/labkart", "--checkout", "v0.1.0"])
    git(repository, "tag", "v0.1.0")
    commit = git(repository, "rev-parse", "HEAD")
    return {"_template": "https://ann:secret@example.org/lab/labkart", "_commit": commit}


def test_cruft_names_address_and_commit_itself(by_cruft: dict[str, Any], repository: Path) -> None:
    (repository / "note.txt").write_text("not committed")
    assert read_origin(by_cruft, repository) == Origin(
        "https://example.org/lab/labkart", "v0.1.0", by_cruft["_commit"], "v0.1.0"
    )


def test_an_update_names_the_original_of_the_copy_that_cruft_gets(
    by_cruft: dict[str, Any], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKART_TEMPLATE", "gh.example.org:lab/labkart.git")
    copy = by_cruft | {"_template": "/tmp/copy"}
    assert read_origin(copy, repository).address == "gh.example.org:lab/labkart.git"


# The pages on the web


@pytest.mark.parametrize(
    ("template", "page"),
    [
        (Origin("https://github.com/lab/labkart.git", tag="v0.1.0", commit=COMMIT), "https://github.com/lab/labkart/blob/v0.1.0/docs/ja"),
        (Origin("https://bitbucket.org/lab/labkart", commit=COMMIT), f"https://bitbucket.org/lab/labkart/src/{COMMIT}/docs/ja"),
        (Origin("https://gitlab.example.org/a/b/labkart/", commit=COMMIT), f"https://gitlab.example.org/a/b/labkart/blob/{COMMIT}/docs/ja"),
        (Origin("https://github.com/lab/labkart"), ""),
        (Origin("https://example.org/labkart", commit=COMMIT), ""),
        (Origin("https://github.com/lab/labkart/archive/main.zip"), ""),
        (Origin("git@example.org:lab/labkart.git", commit=COMMIT), ""),
        (Origin("file:///srv/lab/labkart", commit=COMMIT), ""),
        (Origin("/srv/lab/labkart", commit=COMMIT), ""),
    ],
)  # fmt: skip
def test_pages_have_an_address_where_the_template_is_on_the_web(
    template: Origin, page: str
) -> None:
    assert pages_url(template, "ja") == page
