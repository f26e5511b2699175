"""One writer a task, among all processes that share the outputs; and what a killed writer left behind."""

import logging
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from labkart import project

_PATIENCE = 1.0  # seconds of waiting before a person is told
_MINUTE, _DAY = 60.0, 86_400.0  # seconds after which nobody still writes a record, an output
_HALF = "-luigi-tmp-"
_SEARCHING = ".searching-"

_log = logging.getLogger(__name__)


def scratch() -> Path:
    """A folder of this process for what it unpacks: processes that share one read each other's halves."""
    return project.current().outputs / "cache" / "tmp" / f"{socket.gethostname()}.{os.getpid()}"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of a task, `<Task>_<id>`, while the block runs; says so when it has to wait for another process."""
    path = _file(name)
    try:
        lock = _acquired(path, name)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _acquired(path, name)
    try:
        yield
        # Whoever waits on the file that goes looks again and finds the task complete.
        path.unlink(missing_ok=True)
    finally:
        lock.release()
        with suppress(OSError):  # none was made, or something is in it
            scratch().rmdir()


@contextmanager
def locked_if_free(name: str) -> Iterator[None]:
    """Hold the lock of a task that nobody runs. Raises filelock.Timeout where somebody does."""
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path, timeout=0):
        yield
        path.unlink(missing_ok=True)


def mark_running(experiment: str) -> AbstractContextManager[bool]:
    """Mark an experiment as running while this process, or one that it forked, is alive; False if another one is."""
    return _marked(_runs() / experiment)


def abandoned_experiments() -> list[str]:
    """The experiments that were running on this host in a process that died; they are said once."""
    return [path.name.partition(".")[0] for path in _left(_runs(), "*")]


def mark_searching(study: Path) -> AbstractContextManager[bool]:
    """Mark a study, by its folder, as one that this process works on; others may do so, too."""
    return _marked(study / f"{_SEARCHING}{os.getpid()}")


def is_searched(study: Path) -> bool:
    """Whether a process works on a study; one of another host counts until it says that it has ended."""
    for _ in _left(study, f"{_SEARCHING}*"):
        pass
    return any(study.glob(f"{_SEARCHING}*.lock"))


@contextmanager
def _marked(name: Path) -> Iterator[bool]:
    path = name.with_name(f"{name.name}.{socket.gethostname()}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    with suppress(Timeout):  # the mark is another process's
        lock.acquire(timeout=0)
    try:
        yield lock.is_locked
        if lock.is_locked:
            path.unlink(missing_ok=True)
    finally:
        lock.release()


def _left(folder: Path, names: str) -> Iterator[Path]:
    """The marks of processes of this host that died; they are removed."""
    for path in sorted(folder.glob(f"{names}.{socket.gethostname()}.lock")):
        with suppress(Timeout, OSError), FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
            yield path


def forget_mark(experiment: str) -> None:
    """Whoever ran it, on whatever host, is known to be dead."""
    for path in _runs().glob(f"{experiment}.*.lock"):
        path.unlink(missing_ok=True)


def _runs() -> Path:
    return project.current().outputs / "running"


def remove_leftovers() -> list[Path]:
    """Remove what killed processes left; never what belongs to one that is alive, here or on another host.

    Returns:
        What was removed.
    """
    removed = [*_halves(), *_temporaries(), *_scratches()]
    for path in _folder().glob("*.lock"):  # a task that ends well leaves none
        with suppress(Timeout, OSError), locked_if_free(path.stem):
            pass
    return removed


def _halves() -> Iterator[Path]:
    """Halves of outputs, removed under the lock of the task that they are of."""
    for half in _folder().parent.rglob(f"*{_HALF}*"):
        id = half.name.rpartition(_HALF)[0].rpartition("_")[2].partition(".")[0]
        if (
            len(id) == 32 or _age(half) > _DAY
        ):  # without an id in its name, nobody knows whose it is
            with suppress(Timeout, OSError), locked_if_free(id):
                half.unlink(missing_ok=True)
                yield half


def _temporaries() -> Iterator[Path]:
    """Halves of records and memos."""
    outputs = project.current().outputs
    for pattern in ("memos/.*.tmp", "memos/*/.*.tmp", "records/*/*/.*.tmp"):
        for half in outputs.glob(pattern):
            process = half.name.split(".")[-2]
            if _age(half) > _MINUTE and not (process.isdecimal() and _lives(int(process))):
                half.unlink(missing_ok=True)
                yield half


def _scratches() -> Iterator[Path]:
    for folder in scratch().parent.glob("*.*"):
        host, _, process = folder.name.rpartition(".")
        if host == socket.gethostname() and process.isdecimal() and not _lives(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
            yield folder


def _folder() -> Path:
    return project.current().outputs / "cache" / "locks"


def _file(task: str) -> Path:
    """Named by the id alone, which is in the names of the task's outputs as well, whatever the student calls them."""
    return _folder() / f"{task.rpartition('_')[2]}.lock"


def _age(path: Path) -> float:
    """The seconds since a file was written; none when it is gone."""
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _acquired(path: Path, name: str) -> FileLock:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        _log.warning("%s waits: %s is computing it.", name.rpartition("_")[0], _holder(path))
        lock.acquire()
    return lock


def _holder(path: Path) -> str:
    """Who holds a lock, as far as Linux tells."""
    with suppress(OSError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if len(words) > 5 and words[5].rpartition(":")[2] == inode and words[1] != "->":
                return f"process {words[4]}"
    return "another process"


def _lives(process: int) -> bool:
    with suppress(OSError):  # on Linux; a zombie has ended, whether or not its parent takes notice
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
