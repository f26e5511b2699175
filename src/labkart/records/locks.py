"""Which process works on what: one writer per task, and a mark for each running experiment.

Locks are files below the outputs, so they hold among all processes that share these, also on other
hosts. Removes no leftovers of killed processes (see `leftovers`), and knows no task class.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from labkart import project
from labkart.language import translate
from labkart.records.file_lock import file_lock, is_held, require_locks

_QUIET_WAIT = 1.0  # seconds of waiting before a message says so
_LOOK = 0.2  # seconds in which another process has looked whether a lock is held
_SEARCHING = ".searching"

_log = logging.getLogger(__name__)


def scratch() -> Path:
    """A folder of this process for what it unpacks: no other process reads a half-unpacked file."""
    return project.current().outputs / "cache" / "tmp" / f"{socket.gethostname()}.{os.getpid()}"


def lock_folder() -> Path:
    """Where the locks of tasks are."""
    return project.current().outputs / "cache" / "locks"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of a task, `<Task>_<id>`, while the block runs; log a message if it waits.

    Where no file can be written the block runs without: another process may compute the same.

    Raises:
        LabkartError: the disk has no locks.
    """
    lock = None
    with suppress(OSError):  # the disk is full or read-only, or a file is in a folder's place
        lock_folder().mkdir(parents=True, exist_ok=True)
        lock = _acquire(_lock_file(name), name)
    try:
        yield
        # Whoever waits for the removed file looks again and finds the task complete.
        _remove(lock)
    finally:
        if lock:
            lock.release()
        with suppress(OSError):  # there is no such folder, or it is not empty
            scratch().rmdir()


@contextmanager
def locked_if_free(name: str) -> Iterator[None]:
    """Hold the lock of a task while the block runs, without waiting for it.

    Raises:
        filelock.Timeout: another process holds it.
    """
    lock_folder().mkdir(parents=True, exist_ok=True)
    with file_lock(_lock_file(name), timeout=0) as lock:
        yield
        _remove(lock)


def is_locked(name: str) -> bool:
    """Whether a process holds the lock of a task."""
    return is_held(_lock_file(name))


def mark_running(experiment: str) -> AbstractContextManager[bool]:
    """Mark an experiment as running while this process, or one that it forked, is alive.

    The value of the context is False if another process that is alive has marked it, too.
    """
    return _mark(_running(), experiment)


def is_marked(experiment: str) -> bool:
    """Whether a process works on an experiment; one on another host counts until it says so."""
    return _is_marked(_running(), experiment)


def abandoned_experiments() -> Iterator[str]:
    """The ids of experiments whose processes on this host died, until each is dealt with."""
    for path in _dead_marks(_running(), "*"):
        id = path.name.partition(".")[0]
        if not _is_marked(_running(), id, path):
            yield id


def forget_mark(experiment: str) -> None:
    """Remove the mark of an experiment whose process is known to be dead, on whatever host."""
    for path in _running().glob(f"{experiment}.*.lock"):
        path.unlink(missing_ok=True)


def mark_searching(study: Path) -> AbstractContextManager[bool]:
    """Mark a study, by its folder, as one that this process works on; others may do so, too."""
    return _mark(study, _SEARCHING)


def is_searched(study: Path) -> bool:
    """Whether a process works on a study; one on another host counts until it removes its mark."""
    for _ in _dead_marks(study, _SEARCHING):
        pass
    return any(study.glob(f"{_SEARCHING}.*.lock"))


@contextmanager
def _mark(folder: Path, name: str) -> Iterator[bool]:
    """Mark what has a name; the value says whether no other living process has marked it."""
    path = folder / f"{name}.{os.getpid()}.{socket.gethostname()}.lock"
    lock = FileLock(path)
    with suppress(OSError):  # where there can be no mark, nobody has one
        folder.mkdir(parents=True, exist_ok=True)
        require_locks(folder)
        lock.acquire(timeout=_LOOK)
    try:
        yield not _is_marked(folder, name, path)
        _remove(lock)
    finally:
        lock.release()


def _is_marked(folder: Path, name: str, own: Path | None = None) -> bool:
    """Whether another living process has marked what has a name; on another host, all live."""
    others = [path for path in folder.glob(f"{name}.*.lock") if path != own]
    here = f".{socket.gethostname()}.lock"
    return any(not path.name.endswith(here) or is_held(path) for path in others)


def _dead_marks(folder: Path, name: str) -> Iterator[Path]:
    """The marks of processes on this host that died; each is removed once it is dealt with."""
    for path in sorted(folder.glob(f"{name}.*.{socket.gethostname()}.lock")):
        with suppress(Timeout, OSError), file_lock(path, timeout=0):
            yield path
            path.unlink(missing_ok=True)


def _running() -> Path:
    return project.current().outputs / "running"


def _lock_file(name: str) -> Path:
    """Named by the id alone, which the task's outputs have in their names as well."""
    return lock_folder() / f"{name.rpartition('_')[2]}.lock"


def _remove(lock: FileLock | None) -> None:
    if lock and lock.is_locked:
        Path(lock.lock_file).unlink(missing_ok=True)


def _acquire(path: Path, name: str) -> FileLock:
    lock = file_lock(path)
    try:
        lock.acquire(timeout=_QUIET_WAIT)
    except Timeout:
        task, holder = name.rpartition("_")[0], _holder(path)
        _log.warning(translate("{task} waits: {holder} is computing it.", task=task, holder=holder))
        lock.acquire()
    return lock


def _holder(path: Path) -> str:
    """Which process holds a lock, as far as Linux knows."""
    with suppress(OSError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            # number: FLOCK ADVISORY WRITE process device:inode start end
            columns = line.split()
            is_holder = len(columns) > 5 and columns[1] != "->"
            if is_holder and columns[5].rpartition(":")[2] == inode:
                return translate("process {number}", number=columns[4])
    return translate("another process")
