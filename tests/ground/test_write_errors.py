"""Outputs that cannot be written: a sentence where results are lost, and nothing but time where they are not."""

import errno
import os
from pathlib import Path

import pytest

from labkart import digests, files, write_errors
from labkart.memo import Memo
from labkart.records import locks
from tests.support.tiny import write

TASK = f"Train_{'0123456789abcdef' * 2}"


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (errno.EROFS, "records/tasks/a/.record.json.1.tmp", "outputs/records/tasks/a: Read-only file system. Make it writable, or let LABKART_OUTPUTS name another folder for outputs."),
        (errno.ENOSPC, "", "outputs: the disk is full. Free some space on it."),
        (errno.EEXIST, "cache/locks/a.lock", "outputs/cache/locks is a file, and results go into a folder of that name. Move it away."),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_said_with_what_to_do(
    number: int, name: str, said: str, root: Path
) -> None:
    write(root, **{"outputs/cache/locks": ""})
    error = OSError(number, os.strerror(number), str(root / "outputs" / name))
    assert write_errors.describe_failure(error) == said
    assert write_errors.describe_end(error) == f"{said} What was finished is kept."


def test_errors_of_other_files_are_not_those_of_the_outputs(root: Path) -> None:
    for error in (
        ValueError("no such luck"),
        PermissionError(errno.EACCES, "Permission denied", str(root / "data/raw/a.csv")),
        FileNotFoundError(errno.ENOENT, "No such file", str(root / "outputs/a.csv")),
    ):
        assert write_errors.describe_failure(error) == ""


@pytest.mark.parametrize("way", ["a file in the folder's place", "a disk that is full"])
def test_memos_and_locks_that_cannot_be_written_cost_time_alone(
    way: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, **{"data/raw/a/b.csv": "1\n"})
    if way == "a disk that is full":

        def fail(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Path, "mkdir", fail)
        monkeypatch.setattr(files, "write_atomically", fail)
    else:
        write(root, **{"outputs/memos": "", "outputs/cache/locks": "", "outputs/running": ""})
    memo = Memo(root / "outputs/memos/a", [])
    memo.keep({"a": 1})
    assert memo.load() == {}
    digest = digests.content_digest(root / "data/raw/a")
    assert digest == digests.fresh_content_digest(root / "data/raw/a")
    with locks.locked(TASK), locks.mark_running("e1") as is_alone:
        assert is_alone
