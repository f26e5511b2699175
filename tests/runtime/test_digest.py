"""A file is unchanged as long as its content is, and a look at its times is enough where these are the same."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from labkart.digest import FileState, look, unchanged


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cache" / "model.pkl"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    return path


def flip(file: Path) -> None:
    """Change one byte, and put size and modification time back."""
    times = file.stat()
    file.write_bytes(b"weightz")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def test_a_look_sees_place_size_and_content(file: Path, tmp_path: Path) -> None:
    state = look(file, tmp_path)
    sha256 = hashlib.sha256(b"weights").hexdigest()
    assert (state.path, state.bytes, state.sha256) == ("cache/model.pkl", 7, sha256)


def test_a_file_elsewhere_keeps_its_whole_path(file: Path, tmp_path: Path) -> None:
    state = look(file, tmp_path / "outputs")
    assert state.path == str(file)
    assert unchanged(state, tmp_path / "outputs")


def test_a_file_that_is_not_there_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "missing", tmp_path)


@pytest.mark.parametrize("harmless", [lambda file: None, os.utime, lambda file: file.write_bytes(b"weights")])
def test_a_file_with_the_same_content_is_unchanged(
    harmless: Callable[[Path], object], file: Path, tmp_path: Path
) -> None:
    state = look(file, tmp_path)
    harmless(file)
    assert unchanged(state, tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        replace_by_folder,
        Path.unlink,
        lambda file: os.truncate(file, 3),
        lambda file: file.write_bytes(b"weights!"),
    ],
)
def test_a_file_with_other_content_is_changed(damage: Callable[[Path], object], file: Path, tmp_path: Path) -> None:
    state = look(file, tmp_path)
    damage(file)
    assert not unchanged(state, tmp_path)


def test_a_file_that_moved_with_its_root_is_unchanged(file: Path, tmp_path: Path) -> None:
    state = look(file, tmp_path)
    (tmp_path / "moved").mkdir()
    file.parent.rename(tmp_path / "moved" / "cache")
    assert unchanged(state, tmp_path / "moved")


def test_content_is_read_again_only_when_the_times_differ(file: Path, tmp_path: Path) -> None:
    never_read: FileState = replace(look(file, tmp_path), sha256="of something else")
    assert unchanged(never_read, tmp_path)
    os.utime(file, ns=(0, 0))
    assert not unchanged(never_read, tmp_path)
