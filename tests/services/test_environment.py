"""uv makes the environment of a record: from the list alone, from a lock, from git and from folders."""

import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import __version__ as filelock
from threadpoolctl import __version__ as threadpoolctl

from labkart.errors import LabkartError
from labkart.results.reproduce import environment
from labkart.results.reproduce.environment import RecordedEnvironment
from tests.records.test_record import EXPERIMENT
from tests.support.tiny import write

PYTHON = platform.python_version()
PACKAGE = """\
[project]
name = "theirs"
version = "1"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
PROJECT = f"""\
[project]
name = "tiny"
version = "0"
requires-python = "=={PYTHON}"
dependencies = ["threadpoolctl=={threadpoolctl}", "theirs"]
[tool.uv.sources]
theirs = {{ path = "theirs" }}
"""


@pytest.fixture(autouse=True)
def _uv(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (os.environ.get("UV") or shutil.which("uv")):
        pytest.skip("no uv here")
    monkeypatch.setenv("UV_PYTHON", "2.7")  # what a student's shell may say does not matter
    monkeypatch.setenv("VIRTUAL_ENV", "/nowhere")


def recorded(root: Path, *packages: str, lock: str = "") -> RecordedEnvironment:
    """The environment of a record that lists these packages."""
    lines = "".join(f"{line}\n" for line in packages)
    record = replace(EXPERIMENT, environment={"python": PYTHON})
    record.write(shared={"packages.txt": lines, "uv.lock": lock})
    return RecordedEnvironment.of(record)


def package(folder: Path, number: int) -> Path:
    """A package of a student's own that says a number."""
    write(folder, **{"pyproject.toml": PACKAGE, "src/theirs/__init__.py": f"NUMBER = {number}\n"})
    return folder


def printed(python: Path, code: str) -> str:
    """What that Python prints."""
    command = [python, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_list_without_a_lock_is_installed_and_kept(root: Path) -> None:
    packages = recorded(root, f"threadpoolctl=={threadpoolctl}")
    python, notes = environment.install(packages, root)
    assert notes == []
    code = "import threadpoolctl, platform; print(threadpoolctl.__version__, platform.python_version())"
    assert printed(python, code).split() == [threadpoolctl, PYTHON]
    assert python.is_relative_to(root / "outputs" / "environments")
    assert environment.install(packages, root)[0] == python
    more = recorded(root, f"threadpoolctl=={threadpoolctl}", f"filelock=={filelock}")
    assert environment.install(more, root)[0] != python


def test_a_package_from_git_comes_back_at_its_commit_without_a_lock(
    root: Path, tmp_path: Path
) -> None:
    theirs = package(tmp_path / "theirs", 1)
    git(theirs, "init", "--quiet")
    git(theirs, "add", "--all")
    git(theirs, "commit", "--quiet", "--message=One")
    commit = git(theirs, "rev-parse", "HEAD")
    package(theirs, 2)
    git(theirs, "commit", "--all", "--quiet", "--message=Two")
    packages = recorded(root, f"theirs @ git+{theirs.as_uri()}@{commit}")
    assert environment.missing(packages) == []
    python, notes = environment.install(packages, root)
    assert notes == []
    assert printed(python, "import theirs; print(theirs.NUMBER)") == "1"
    unknown = recorded(root, f"theirs @ git+{theirs.as_uri()}@{commit[::-1]}")
    assert commit[::-1] in environment.missing(unknown)[0]
    with pytest.raises(LabkartError, match=commit[::-1]):
        environment.install(unknown, root)


def test_a_package_from_a_folder_comes_with_a_warning_and_a_missing_one_is_named(
    root: Path, tmp_path: Path
) -> None:
    theirs = package(tmp_path / "theirs", 1)
    packages = recorded(root, f"theirs @ {theirs.as_uri()}")
    assert environment.missing(packages) == []
    python, notes = environment.install(packages, root)
    assert notes == [f"theirs was installed from {theirs}, which may have changed since the run"]
    assert printed(python, "import theirs; print(theirs.NUMBER)") == "1"
    theirs.rename(tmp_path / "moved")
    sentence = f"theirs was installed from {theirs}, which does not exist"
    assert environment.missing(packages)[-1].startswith(sentence)
    shutil.rmtree(root / "outputs")
    with pytest.raises(LabkartError, match=sentence):
        environment.install(packages, root)


def test_a_lock_decides_on_folders_and_the_list_on_what_was_added_beside_it(
    root: Path, tmp_path: Path
) -> None:
    checkout, students = tmp_path / "checkout", package(tmp_path / "students", 2)
    write(checkout, **{"pyproject.toml": PROJECT})
    package(checkout / "theirs", 1)
    command = [os.environ.get("UV") or "uv", "lock", "--quiet", "--python", PYTHON]
    subprocess.run(command, cwd=checkout, check=True)
    lock = (checkout / "uv.lock").read_text()
    (checkout / "uv.lock").unlink()
    lines = (f"theirs @ {students.as_uri()}", f"filelock=={filelock}")
    python, _ = environment.install(recorded(root, *lines, lock=lock), checkout)
    code = "import filelock, threadpoolctl, theirs; print(theirs.NUMBER, filelock.__version__)"
    assert printed(python, code).split() == ["1", filelock]


def test_an_environment_that_was_made_by_half_is_made_anew(root: Path) -> None:
    packages = recorded(root, f"threadpoolctl=={threadpoolctl}")
    write(root, **{f"outputs/environments/{packages.key(PYTHON)}/lib/half": ""})
    python, _ = environment.install(packages, root)
    assert python.exists()


def test_what_cannot_be_had_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = recorded(root, "threadpoolctl==99.1")
    with pytest.raises(
        LabkartError, match=r"cannot be installed: .*no version of threadpoolctl==99\.1"
    ):
        environment.install(packages, root)
    assert "threadpoolctl==99.1" in environment.missing(packages)[0]
    assert environment.missing(recorded(root, f"threadpoolctl=={threadpoolctl}")) == []
    monkeypatch.setenv("UV", "/nowhere/uv")
    with pytest.raises(LabkartError, match="Python"):
        environment.install(packages, root)
