"""Content digests of files and folders; what is large is read once and not at each run. Knows no task."""

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

# A file's modification and change time in nanoseconds, its inode and its size. While they are the same, the content is.
Stamp = list[int]

# A clock of a file system may stand still as long as this: a later change could leave the same times (nanoseconds).
_TICK = 20_000_000
_LARGE = (
    500_000  # bytes from which a look waits for the clock, or is remembered, and not taken again
)

# What systems leave in a folder that somebody looked at.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class FileState:
    """A file as it was when somebody looked; its path is relative to some root where it lies there.

    `stamp` is empty where a change might not show in it; then the content is compared.
    """

    path: str
    bytes: int
    sha256: str
    stamp: Stamp


def stamp(path: Path | str) -> Stamp | None:
    """What changes with a file's content; nothing where there is no file."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 (asked often)
    except (OSError, ValueError):
        return None


def settled(stamp: Stamp) -> bool:
    """Whether the clock has moved on since a file changed, so that any later change shows in its stamp."""
    return time.time_ns() - max(stamp[:2]) >= _TICK


def file_state(path: Path, root: Path) -> FileState:
    """The state of a file now. Raises FileNotFoundError where there is none."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        fresh = not settled(_stamp(status))
        if fresh and status.st_size > _LARGE:
            time.sleep(_TICK / 1e9)
            fresh = False
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return FileState(name.as_posix(), size, sha256, [] if fresh else _stamp(status))


def unchanged(state: FileState, root: Path) -> bool:
    """Whether a file still has the content it had in `state`."""
    try:
        path = root / state.path
        status = path.stat()
        same_size = status.st_size == state.bytes
        return same_size and (_stamp(status) == state.stamp or content_digest(path) == state.sha256)
    except (OSError, TypeError, ValueError):  # no such file, or nothing that could be a file's name
        return False


def content_digest(path: Path) -> str:
    """The sha256 of a file's content, or of the names and contents of all files below a folder (links are followed).

    Raises:
        OSError: there is no such file, or one of them cannot be read.
    """
    memo = (
        project.current().outputs
        / "memos"
        / "digests"
        / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:24]}.json"
    )
    inside = dict(files(path))
    before = read_json(memo)
    known = before if isinstance(before, dict) else {}
    found = {name: _known(file, known.get(name)) for name, file in inside.items()}
    if found != known and (path.is_dir() or path.stat().st_size > _LARGE):
        write_atomically(memo, json.dumps(found).encode())
    return _together(path, {name: sha256 for name, (sha256, _) in found.items()})


def fresh_content_digest(path: Path) -> str:
    """The same, read now and not remembered."""
    return _together(
        path, {name: file_state(file, file.parent).sha256 for name, file in files(path)}
    )


def _together(path: Path, found: dict[str, str]) -> str:
    if not path.is_dir():
        return found[path.name]
    lines = "".join(f"{found[name]} {name}\n" for name in sorted(found))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def _known(file: Path, before: Any) -> list[Any]:
    """A file's sha256 and its stamp; the earlier one's where the stamp is the same."""
    match before:
        case [str(), list(known)] if stamp(file) == known:
            return list(before)
    state = file_state(file, file.parent)
    return [state.sha256, state.stamp]


def files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder with their names there; a file is alone. A link back to where one came from is left."""
    if not path.is_dir():
        yield path.name, path
        return
    for folder, inside, names in os.walk(path, followlinks=True):
        here = Path(folder).resolve()
        inside[:] = [name for name in inside if not here.is_relative_to((here / name).resolve())]
        for name in names:
            if name not in _LITTER:
                yield Path(folder, name).relative_to(path).as_posix(), Path(folder, name)


def _stamp(status: os.stat_result) -> Stamp:
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size]
