"""Content digests of files and folders, remembered for large files. Knows no task.

A file counts as unchanged while its stamp (times, inode and size) is the same, if the stamp is old
enough that any later change must show in it; otherwise its content is compared.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkart import project
from labkart.files import read_json, write_atomically

# A file's modification and change time in nanoseconds, its inode and its size.
Stamp = list[int]

# The clock of a file system may stand still for this long, in nanoseconds: a change within one tick
# could leave the same times.
_TICK = 20_000_000
_LARGE = 500_000  # bytes; the digests of larger files are remembered

# Files that systems leave in a folder that somebody has looked at.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class FileState:
    """The state of a file at one moment."""

    path: str  # relative to some root if the file is below it, otherwise absolute
    bytes: int
    sha256: str
    stamp: Stamp  # empty if a later change might not show in it


def stamp(path: Path | str) -> Stamp | None:
    """The stamp of a file, which changes with its content; None if it does not exist."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 (called often, and faster with a text)
    except (OSError, ValueError):
        return None


def settled(stamp: Stamp) -> bool:
    """Whether any later change of the file must show in its stamp."""
    return time.time_ns() - max(stamp[:2]) >= _TICK


def file_state(path: Path, root: Path) -> FileState:
    """The state of a file now. Raises FileNotFoundError if it does not exist."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        is_settled = settled(_stamp(status))
        if not is_settled and status.st_size > _LARGE:
            time.sleep(_TICK / 1e9)  # cheaper than to read it again next time
            is_settled = True
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return FileState(name.as_posix(), size, sha256, _stamp(status) if is_settled else [])


def unchanged(state: FileState, root: Path) -> bool:
    """Whether a file still has the content that it had in `state`."""
    try:
        path = root / state.path
        status = path.stat()
        if status.st_size != state.bytes:
            return False
        return _stamp(status) == state.stamp or content_digest(path) == state.sha256
    except (OSError, TypeError, ValueError):  # it does not exist, or the path cannot be one
        return False


def content_digest(path: Path) -> str:
    """The sha256 of a file's content, or of the names and contents of all files below a folder.

    Links are followed. The digests of folders and large files are remembered.

    Raises:
        OSError: the path does not exist, or a file cannot be read.
    """
    memo = _memo(path)
    content = read_json(memo)
    previous: dict[str, Any] = content if isinstance(content, dict) else {}
    digests = {name: _digest(file, previous.get(name)) for name, file in files(path)}
    if digests != previous and (path.is_dir() or path.stat().st_size > _LARGE):
        write_atomically(memo, json.dumps(digests).encode())
    return _combined(path, {name: sha256 for name, (sha256, _) in digests.items()})


def fresh_content_digest(path: Path) -> str:
    """The same as `content_digest`, but every file is read, and nothing is remembered."""
    digests = {name: file_state(file, file.parent).sha256 for name, file in files(path)}
    return _combined(path, digests)


def files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder with their names relative to it, or a file itself.

    A link that leads back to a folder above it is left out.
    """
    if not path.is_dir():
        yield path.name, path
        return
    for folder, folders, names in os.walk(path, followlinks=True):
        real = Path(folder).resolve()
        folders[:] = [name for name in folders if not real.is_relative_to((real / name).resolve())]
        for name in names:
            if name not in _LITTER:
                yield Path(folder, name).relative_to(path).as_posix(), Path(folder, name)


def _memo(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
    return project.current().outputs / "memos" / "digests" / f"{name}.json"


def _digest(file: Path, previous: Any) -> list[Any]:
    """A file's sha256 and stamp; the previous ones if its stamp is still the same."""
    match previous:
        case [str(), list(known)] if stamp(file) == known:
            return list(previous)
    state = file_state(file, file.parent)
    return [state.sha256, state.stamp]


def _combined(path: Path, digests: dict[str, str]) -> str:
    if not path.is_dir():
        return digests[path.name]
    lines = "".join(f"{digests[name]} {name}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def _stamp(status: os.stat_result) -> Stamp:
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size]
