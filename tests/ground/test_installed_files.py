"""A file of an installed package that was edited in place counts, by its size and time; nothing else does."""

import hashlib
import os
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import labkart
from labkart import digests, installed_files, packages
from tests.support.tiny import write

CODE = "def rate():\n    return 2\n"
FILES = {"one/__init__.py": CODE, "one/fast.so": "binary", "one.py": "x = 1\n"}
EDITED = CODE.replace("2", "5")


@pytest.fixture
def record(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The list of an installed package's files, which was written a while ago, after them."""
    site = tmp_path / "lib/site-packages"
    lines = ["../../bin/one,sha256=x,1", "one/__pycache__/__init__.cpython-311.pyc,,"]
    for name, text in FILES.items():
        sha256 = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={sha256},{len(text)}")
    lines += ["one-1.0.dist-info/INSTALLER,sha256=x,2", "one-1.0.dist-info/RECORD,,"]
    metadata = {"METADATA": "Name: One\nVersion: 1.0\n", "RECORD": "\n".join(lines)}
    write(site, **FILES, **{f"one-1.0.dist-info/{name}": text for name, text in metadata.items()})
    past = time.time_ns() - 10**12
    for file in site.rglob("*.*"):
        os.utime(file, ns=(past, past))
    os.utime(site / "one-1.0.dist-info/RECORD", ns=(past, past))
    monkeypatch.setattr(sys, "path", [str(site)])
    _forget()
    yield site / "one-1.0.dist-info/RECORD"
    _forget()


def _forget() -> None:
    """Begin as a new process does."""
    packages.installed_packages.cache_clear()
    for remembered in (installed_files._edits, installed_files._files):
        remembered.cache_clear()


def version() -> str:
    _forget()
    return packages.required_versions(["one"])["one"]


def keep_times(file: Path, text: str) -> None:
    times = file.stat()
    file.write_text(text)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


EDITS: dict[str, Callable[[Path], object]] = {
    "code of the same size": lambda site: (site / "one/__init__.py").write_text(EDITED),
    "code of another size": lambda site: (site / "one/__init__.py").write_text(CODE + EDITED),
    "another size at the same time": lambda site: keep_times(
        site / "one/__init__.py", CODE + EDITED
    ),
    "a library": lambda site: (site / "one/fast.so").write_text("BINARY"),
    "a single module": lambda site: (site / "one.py").write_text("x = 2\n"),
    "a file that is gone": lambda site: (site / "one/fast.so").unlink(),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_file_makes_another_version(edit: Callable[[Path], object], record: Path) -> None:
    assert version() == "1.0"
    edit(record.parents[1])
    edited = version()
    assert edited.startswith("1.0, edited ")
    assert version() == edited, "remembered"
    for name, text in FILES.items():
        (record.parents[1] / name).write_text(text)
    assert version() == "1.0", "as it was installed"


def test_two_edits_are_two_versions(record: Path) -> None:
    file = record.parents[1] / "one.py"
    file.write_text("x = 2\n")
    first = version()
    file.write_text("x = 3\n")
    assert version() != first


HARMLESS: dict[str, Callable[[Path], object]] = {
    "a file that was touched": lambda site: (site / "one.py").touch(),
    "a copy of all files": lambda site: [(site / name).write_text(FILES[name]) for name in FILES],
    "bytecode": lambda site: write(site, **{"one/__pycache__/__init__.cpython-311.pyc": "x"}),
    "what the installer notes": lambda site: write(site, **{"one-1.0.dist-info/INSTALLER": "pip"}),
    "a list without digests": lambda site: (site / "one-1.0.dist-info/RECORD").write_text(
        "one.py,,\none-1.0.dist-info/RECORD,,\n"
    ),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_nothing_else_is_an_edit(change: Callable[[Path], object], record: Path) -> None:
    change(record.parents[1])
    assert version() == "1.0"


def test_a_file_is_read_once_only(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_TICK", 0)
    (record.parents[1] / "one/__init__.py").write_text(EDITED)
    edited = version()
    monkeypatch.setattr(digests, "file_state", None)
    assert version() == edited


@pytest.mark.parametrize(
    "file", [pytest.__file__, os.__file__, labkart.__file__, "/a/site-packages/b.py"]
)
def test_python_and_packages_are_installed(file: str) -> None:
    assert installed_files.is_installed(file)


def test_a_projects_file_is_not_installed() -> None:
    assert not installed_files.is_installed("/home/a/project/src/study/a.py")
