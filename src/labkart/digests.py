"""Content digests of files and folders, remembered for large files. Knows no task.

A file counts as unchanged while its stamp (times, inode and size) is the same, if the stamp is old
enough that any later change must show in it; otherwise its content is compared.
"""

import hashlib
import json
import os
import stat as modes
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkart import project, trace
from labkart.files import read_json, remember

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
    trace.rely_on(path)
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


def content_state(path: Path, root: Path) -> FileState:
    """The state of a file, or of a folder with all that is in it.

    Raises:
        OSError: the path does not exist, or cannot be read.
    """
    name = path.relative_to(root) if path.is_relative_to(root) else path
    status, sha256 = path.stat(), content_digest(path)
    if path.is_dir():
        return FileState(name.as_posix(), 0, sha256, [])
    present = _stamp(status)
    return FileState(name.as_posix(), status.st_size, sha256, present if settled(present) else [])


def unchanged(state: FileState, root: Path) -> bool:
    """Whether a file still has the content that it had in `state`."""
    try:
        path = root / state.path
        trace.rely_on(path)
        status = path.stat()
        if path.is_dir():
            return content_digest(path) == state.sha256
        if status.st_size != state.bytes:
            return False
        return _stamp(status) == state.stamp or content_digest(path) == state.sha256
    except (OSError, TypeError, ValueError):  # it does not exist, or the path cannot be one
        return False


def content_digest(path: Path) -> str:
    """The sha256 of a file's content, or of the names and contents of all that is in a folder.

    Empty folders in it count, permissions do not. Links are followed. The digests of folders and
    large files are remembered.

    Raises:
        OSError: the path does not exist, or a file cannot be read.
    """
    is_large = path.is_dir() or path.stat().st_size > _LARGE
    entries = list(_entries(path))
    contents = [(name, file) for name, file in entries if file]
    return _combined(path, entries, file_digests(path, contents, keep=is_large))


def file_digests(
    subject: Path, files: Iterable[tuple[str, Path]], *, keep: bool = True
) -> dict[str, str]:
    """The sha256 of each file by its name; if they are kept, unchanged files are not read again.

    Args:
        subject: the path that the digests are remembered for.
        files: the files with their names.
        keep: whether to remember the digests.

    Raises:
        OSError: a file cannot be read.
    """
    memo = _memo(subject)
    content = read_json(memo)
    previous: dict[str, Any] = content if isinstance(content, dict) else {}
    digests = {name: _digest(file, previous.get(name)) for name, file in files}
    if keep and digests != previous:
        remember(memo, json.dumps(digests).encode())
    return {name: sha256 for name, (sha256, _) in digests.items()}


def fresh_content_digest(path: Path) -> str:
    """The same as `content_digest`, but every file is read, and nothing is remembered."""
    entries = list(_entries(path))
    digests = {name: file_state(file, file.parent).sha256 for name, file in entries if file}
    return _combined(path, entries, digests)


def files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder with their names relative to it, or a file itself."""
    yield from ((name, file) for name, file in _entries(path) if file)


def empty_folders(path: Path) -> list[str]:
    """The names, relative to a folder, of the folders below it with no file in them."""
    names = [name for name, file in _entries(path) if not file]
    return [name.removesuffix("/") for name in names if name.endswith("/")]


def _entries(path: Path) -> Iterator[tuple[str, Path | None]]:
    """What is below a folder, or a file itself; None for what has a name and no content.

    That is an empty folder (`name/`), a link that leads back to a folder above it (`name@`), and
    what is neither file nor folder (`name|`).
    """
    if not path.is_dir():
        yield path.name, path
        return
    for folder, folders, names in os.walk(path, followlinks=True):
        place, real = Path(folder).relative_to(path), Path(folder).resolve()
        own = [name for name in names if name not in _LITTER]
        if not folders and not own and folder != str(path):
            yield f"{place.as_posix()}/", None
        for name in own:
            file, relative = Path(folder, name), (place / name).as_posix()
            yield (f"{relative}|", None) if _is_special(file) else (relative, file)
        for name in list(folders):
            if real.is_relative_to((real / name).resolve()):
                folders.remove(name)
                yield f"{(place / name).as_posix()}@", None


def _is_special(file: Path) -> bool:
    """Whether it is a pipe or a device, which would block who reads it."""
    try:
        return not modes.S_ISREG(file.stat().st_mode)
    except OSError:  # a link that leads nowhere
        return False


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


def _combined(path: Path, entries: list[tuple[str, Path | None]], digests: dict[str, str]) -> str:
    if not path.is_dir():
        return digests[path.name]
    content = sorted((name, digests.get(name, "")) for name, _ in entries)
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _stamp(status: os.stat_result) -> Stamp:
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size]
