"""Who is told of the files that a process opens."""

import subprocess
import sys
from pathlib import Path

import pytest

from labkart import opened_files
from tests.support.tiny import write


def test_a_listener_hears_what_is_opened_and_how(tmp_path: Path) -> None:
    heard: list[tuple[str, bool | None]] = []
    with opened_files.watched(lambda path, reads: heard.append((Path(path).name, reads))):
        (tmp_path / "a").write_text("1")
        (tmp_path / "a").read_text()
        with (tmp_path / "a").open("a"):
            pass
    (tmp_path / "a").read_text()
    assert heard == [("a", False), ("a", True), ("a", False)]


def test_what_the_listener_opens_itself_is_not_heard(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    heard: list[str] = []

    def listener(path: str, reads: bool | None) -> None:
        heard.append(Path(path).read_text())

    with opened_files.watched(listener):
        (tmp_path / "a").read_text()
    assert heard == ["1"]


def test_a_listener_inside_of_another_hears_alone(tmp_path: Path) -> None:
    outer: list[str] = []
    inner: list[str] = []
    with opened_files.watched(lambda path, _: outer.append(path)):
        with opened_files.watched(lambda path, _: inner.append(path)):
            (tmp_path / "a").write_text("1")
        (tmp_path / "b").write_text("1")
    assert (outer, inner) == ([str(tmp_path / "b")], [str(tmp_path / "a")])


@pytest.mark.integration
def test_the_traceback_with_which_python_ends_has_its_lines_of_code(tmp_path: Path) -> None:
    write(tmp_path, **{"a.py": "from labkart import opened_files\nraise ValueError(1)\n"})
    command = [sys.executable, tmp_path / "a.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "    raise ValueError(1)\n" in done.stderr
