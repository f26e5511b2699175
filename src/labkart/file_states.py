"""The state of files and folders by names, sizes and times, so that a later process sees any edit.

Opens only files that changed a moment ago: of these, another edit might leave the same times.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from labkart.digests import Stamp, stamp

# A time that is younger than this, in nanoseconds, is in doubt: some file systems have coarse ones.
DOUBT = 2_000_000_000
_MOST_FILES = 50_000
_MOST_BYTES = 5_000_000  # of the files of a folder that changed a moment ago


class UnknownStateError(Exception):
    """A state that cannot be told in reasonable time."""


@dataclass(frozen=True)
class FolderState:
    """All files below a folder.

    Attributes:
        digest: of their names and stamps.
        recent: the digests of those that changed a moment ago, by path.
        left_out: the folders that are not part of it.
    """

    digest: str
    recent: dict[str, str]
    left_out: tuple[str, ...] = field(compare=False)

    def covers(self, root: str, path: str) -> bool:
        """Whether a path below the folder `root` of this state is part of it."""
        is_below = path == root or path.startswith(f"{root}/")
        return is_below and not any(f"{path}/".startswith(f"{it}/") for it in self.left_out)


def installed_stamp(path: str) -> Stamp | None:
    """Modification time, inode and size of an installed file; None if it does not exist.

    The change time does not count: it is new whenever another environment links the same file.
    """
    file_stamp = stamp(path)
    return [file_stamp[0], *file_stamp[2:]] if file_stamp else None


def names(folder: str) -> list[str] | None:
    """The names in a folder, without those of bytecode; None if it does not exist."""
    try:
        entries = os.listdir(folder)  # noqa: PTH208 (as texts)
    except OSError:
        return None
    return sorted(name for name in entries if name != "__pycache__")


def content(path: str) -> str:
    """The digest of a small file's content; raises UnknownStateError if it cannot be read."""
    if not os.path.isfile(path):  # noqa: PTH113 (as texts); to read a pipe would wait for a writer
        raise UnknownStateError(path)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (faster with a text)
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UnknownStateError(path) from error
    if len(text) > _MOST_BYTES:
        raise UnknownStateError(path)
    return hashlib.sha256(text).hexdigest()


def folder_state(root: str, since: int, left_out: Collection[str] = ()) -> FolderState:
    """The state of all files below a folder but hidden folders, environments and `left_out`.

    Args:
        root: the folder.
        since: times from then on, in nanoseconds since 1970, are in doubt.
        left_out: further folders that do not count.

    Raises:
        UnknownStateError: there are too many files, or too many that changed a moment ago.
    """
    lines, recent, skipped = list[str](), dict[str, str](), list[str]()

    def enters(entry: "os.DirEntry[str]") -> bool:
        is_hidden = entry.name.startswith(".") or entry.name == "__pycache__"
        if is_hidden or entry.path in left_out or os.path.exists(f"{entry.path}/pyvenv.cfg"):  # noqa: PTH110 (as texts)
            skipped.append(entry.path)
            return False
        return True

    for path in _walk(root, enters):
        file_stamp = None if path.endswith("/") else stamp(path)
        lines.append(f"{path} {file_stamp}")
        if file_stamp and max(file_stamp[:2]) >= since:
            recent[path] = content(path)
            if len(recent) * 1000 > _MOST_FILES:
                raise UnknownStateError(root)
    return FolderState(digest(lines), recent, tuple(skipped))


def digest(lines: Collection[str]) -> str:
    """The digest of some lines."""
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _walk(root: str, enters: Callable[["os.DirEntry[str]"], bool]) -> Iterator[str]:
    """The files and folders below a folder, also through links; a folder ends with a slash."""
    waiting, visited, count = [root], set[tuple[int, int]](), 0
    while waiting:
        folder = waiting.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116 (as texts)
            with os.scandir(folder) as entries:
                children = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            yield folder
            continue
        yield f"{folder}/"
        if (status.st_dev, status.st_ino) in visited:  # a link that leads back
            continue
        visited.add((status.st_dev, status.st_ino))
        count += len(children)
        if count > _MOST_FILES:
            raise UnknownStateError(root)
        for entry in children:
            if not entry.is_dir():
                yield entry.path
            elif enters(entry):
                waiting.append(entry.path)
