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

_QUIET_WAIT = 1.0  # seconds of waiting before a message says so
_SEARCHING = ".searching-"

_log = logging.getLogger(__name__)


def scratch() -> Path:
    """A folder of this process for what it unpacks: no other process reads a half-unpacked file."""
    return project.current().outputs / "cache" / "tmp" / f"{socket.gethostname()}.{os.getpid()}"


def lock_folder() -> Path:
    """Where the locks of tasks are."""
    return project.current().outputs / "cache" / "locks"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of a task, `<Task>_<id>`, while the block runs; log a message if it waits."""
    path = _lock_file(name)
    lock = _acquire(path, name)
    try:
        yield
        # Whoever waits for the removed file looks again and finds the task complete.
        path.unlink(missing_ok=True)
    finally:
        lock.release()
        with suppress(OSError):  # there is no such folder, or it is not empty
            scratch().rmdir()


@contextmanager
def locked_if_free(name: str) -> Iterator[None]:
    """Hold the lock of a task while the block runs, without waiting for it.

    Raises:
        filelock.Timeout: another process holds it.
    """
    path = _lock_file(name)
    with FileLock(path, timeout=0):
        yield
        path.unlink(missing_ok=True)


def mark_running(experiment: str) -> AbstractContextManager[bool]:
    """Mark an experiment as running while this process, or one that it forked, is alive.

    The value of the context is False if another process has marked it already.
    """
    return _mark(_running() / experiment)


def abandoned_experiments() -> list[str]:
    """The ids of experiments whose process on this host died; each is returned once."""
    return [path.name.partition(".")[0] for path in _dead_marks(_running(), "*")]


def forget_mark(experiment: str) -> None:
    """Remove the mark of an experiment whose process is known to be dead, on whatever host."""
    for path in _running().glob(f"{experiment}.*.lock"):
        path.unlink(missing_ok=True)


def mark_searching(study: Path) -> AbstractContextManager[bool]:
    """Mark a study, by its folder, as one that this process works on; others may do so, too."""
    return _mark(study / f"{_SEARCHING}{os.getpid()}")


def is_searched(study: Path) -> bool:
    """Whether a process works on a study; one on another host counts until it removes its mark."""
    for _ in _dead_marks(study, f"{_SEARCHING}*"):
        pass
    return any(study.glob(f"{_SEARCHING}*.lock"))


@contextmanager
def _mark(name: Path) -> Iterator[bool]:
    path = name.with_name(f"{name.name}.{socket.gethostname()}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    with suppress(Timeout):  # another process has marked it
        lock.acquire(timeout=0)
    try:
        yield lock.is_locked
        if lock.is_locked:
            path.unlink(missing_ok=True)
    finally:
        lock.release()


def _dead_marks(folder: Path, pattern: str) -> Iterator[Path]:
    """Remove the marks of processes on this host that died, and yield them."""
    for path in sorted(folder.glob(f"{pattern}.{socket.gethostname()}.lock")):
        with suppress(Timeout, OSError), FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
            yield path


def _running() -> Path:
    return project.current().outputs / "running"


def _lock_file(name: str) -> Path:
    """Named by the id alone, which the task's outputs have in their names as well."""
    lock_folder().mkdir(parents=True, exist_ok=True)
    return lock_folder() / f"{name.rpartition('_')[2]}.lock"


def _acquire(path: Path, name: str) -> FileLock:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_QUIET_WAIT)
    except Timeout:
        _log.warning("%s waits: %s is computing it.", name.rpartition("_")[0], _holder(path))
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
                return f"process {columns[4]}"
    return "another process"
