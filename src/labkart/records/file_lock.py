"""Locks of files that hold among all processes that share a disk, and disks that have none.

Knows what `flock` answers where there are no locks. That the locks of one host are seen on another
it cannot know: see `check.shared_disk`.
"""

import errno
import fcntl
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock

from labkart import project
from labkart.language import mistake

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

# What a disk answers does not change while a process lives. By the number of the disk.
_reasons: dict[int, str] = {}


def file_lock(path: Path, timeout: float = -1) -> FileLock:
    """The lock of a file, not yet acquired.

    Args:
        path: of the lock file; its folder exists.
        timeout: the seconds to wait for another process; -1 waits for as long as it takes.

    Raises:
        LabkartError: the disk has no locks.
    """
    require_locks(path.parent)
    return FileLock(path, timeout=timeout)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file; asking makes no file."""
    with suppress(OSError), path.open("rb") as file:  # it is gone, or another user's
        return is_locked(file.fileno())
    return False


def is_locked(descriptor: int) -> bool:
    """Whether a process has locked an open file through another descriptor."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def require_locks(folder: Path) -> None:
    """See that files in a folder can be locked.

    Raises:
        LabkartError: the disk has no locks.
    """
    reason = ""
    with suppress(OSError):  # the folder is missing or read-only, or the disk is full
        disk = folder.stat().st_dev
        if disk not in _reasons:
            _reasons[disk] = _missing_locks(folder)
        reason = _reasons[disk]
    if reason:
        outputs = project.current().short(project.current().outputs)
        raise mistake(
            "{folder}: this disk has no file locks ({reason}), so two processes could write"
            " one result at once. Ask for a mount with locks (Lustre: -o flock; NFS: a running"
            " lockd), or let LABKART_OUTPUTS name a folder on another disk"
            " (labkart docs clusters).",
            folder=outputs,
            reason=reason,
        )


def _missing_locks(folder: Path) -> str:
    """What the disk answers to a lock; empty if it has locks."""
    with TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return error.strerror or str(error)
    return ""
