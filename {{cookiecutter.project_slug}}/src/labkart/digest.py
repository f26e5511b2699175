"""Content digests of files. Knows no task and no record."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileState:
    """A file as it was when somebody looked; its path is relative to the project's outputs where it lies in them.

    `stamp` is its modification and change time in nanoseconds, and its inode. While they are the same the content is
    taken to be the same, so that a large output is hashed once and not at each run.
    """

    path: str
    bytes: int
    sha256: str
    stamp: list[int]


def look(path: Path, root: Path) -> FileState:
    """The state of a file now. Raises FileNotFoundError where there is none."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        status = os.fstat(file.fileno())
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return FileState(name.as_posix(), status.st_size, sha256, _stamp(status))


def unchanged(state: FileState, root: Path) -> bool:
    """Whether a file still has the content it had in `state`."""
    try:
        path = root / state.path
        status = path.stat()
        same_size = status.st_size == state.bytes
        return same_size and (_stamp(status) == state.stamp or look(path, root).sha256 == state.sha256)
    except (OSError, TypeError, ValueError):  # no such file, or nothing that could be a file's name
        return False


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
