"""Files are written whole or not at all, and damaged ones are read as missing."""

import resource
from pathlib import Path

import pytest

from labkart import files
from tests.support.tiny import write


def test_writing_leaves_one_file_with_the_last_text(tmp_path: Path) -> None:
    for text in ("old", "new 卒"):
        files.write_atomically(tmp_path / "deep" / "note.txt", text.encode())
    assert {file.name: file.read_text("utf-8") for file in (tmp_path / "deep").iterdir()} == {
        "note.txt": "new 卒"
    }


def test_writing_that_fails_leaves_the_old_text_and_no_other_file(tmp_path: Path) -> None:
    write(tmp_path, **{"note.txt": "old"})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # no file may grow beyond ten bytes
    try:
        with pytest.raises(OSError, match="File too large"):
            files.write_atomically(tmp_path / "note.txt", b"new" * 10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"note.txt": "old"}


def test_a_new_text_is_a_new_file_so_that_an_open_reader_sees_all_of_the_old_one(
    tmp_path: Path,
) -> None:
    files.write_atomically(tmp_path / "note.txt", b"old")
    with (tmp_path / "note.txt").open() as reader:
        files.write_atomically(tmp_path / "note.txt", b"new")
        assert reader.read() == "old"


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe", b"\0"])
def test_json_that_is_missing_or_damaged_reads_as_none(content: bytes, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "note.json").write_bytes(content)
    assert files.read_json(tmp_path / "note.json") is None


def test_a_text_is_read_with_its_ends_of_lines_and_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    assert files.read_text(tmp_path / "note.txt") == ""
    (tmp_path / "note.txt").write_bytes(b"a\r\nb\xe9")
    assert files.read_text(tmp_path / "note.txt") == "a\r\nb\udce9"
