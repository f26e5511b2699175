"""Recorded packages come into an environment of their own, from a lock or from the list alone."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import __version__ as filelock
from threadpoolctl import __version__ as threadpoolctl

from labkart.errors import LabkartError
from labkart.results.reproduce import environment
from labkart.results.reproduce.environment import RecordedEnvironment
from tests.support.tiny import write

PYTHON = platform.python_version()


@pytest.fixture(autouse=True)
def _uv(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (os.environ.get("UV") or shutil.which("uv")):
        pytest.skip("no uv here")
    monkeypatch.setenv("UV_PYTHON", "2.7")  # what a student's shell may say does not matter
    monkeypatch.setenv("VIRTUAL_ENV", "/nowhere")


def beside(root: Path, *packages: str) -> RecordedEnvironment:
    """What a record is that lists these."""
    write(root, **{"record/packages.txt": "".join(f"{each}\n" for each in packages)})
    return RecordedEnvironment.of(root / "record", PYTHON, "Tiny")


def test_a_list_without_a_lock_is_installed_and_kept(root: Path) -> None:
    wanted = beside(root, f"threadpoolctl=={threadpoolctl}", "theirs==1 @ 0a1b", "tiny==0.1 @ 3b41")
    python, said = environment.install(wanted, root)
    assert said == ["theirs came from no registry and is not installed"]
    code = "import threadpoolctl, platform; print(threadpoolctl.__version__, platform.python_version())"
    there = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.split() == [threadpoolctl, PYTHON]
    assert python.is_relative_to(root / "outputs" / "environments")
    assert environment.install(wanted, root)[0] == python
    other = beside(root, f"threadpoolctl=={threadpoolctl}", f"filelock=={filelock}")
    assert environment.install(other, root)[0] != python


def test_an_environment_that_was_made_by_half_is_made_anew(root: Path) -> None:
    wanted = beside(root, f"threadpoolctl=={threadpoolctl}")
    write(root, **{f"outputs/environments/{wanted.key(PYTHON)}/lib/half": ""})
    python, _ = environment.install(wanted, root)
    assert python.exists()


def test_what_cannot_be_had_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = beside(root, "threadpoolctl==99.1")
    with pytest.raises(
        LabkartError, match=r"cannot be installed: .*no version of threadpoolctl==99\.1"
    ):
        environment.install(wanted, root)
    assert "threadpoolctl==99.1" in environment.missing(wanted)[0]
    assert environment.missing(beside(root, f"threadpoolctl=={threadpoolctl}")) == []
    monkeypatch.setenv("UV", "/nowhere/uv")
    with pytest.raises(LabkartError, match="Python"):
        environment.install(wanted, root)


def test_a_record_without_any_list_is_told_apart(root: Path) -> None:
    with pytest.raises(LabkartError, match=r"has neither uv\.lock nor packages\.txt"):
        RecordedEnvironment.of(root / "nothing", PYTHON, "tiny")
