"""The moment that ids speak of: it stands still while tasks are planned and built, and moves on with what changes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gokart.worker
import luigi.worker

from labkart.digests import content_digest
from labkart.fingerprint import fingerprint, imports

_number = 1
_again = imports.reload_count()
_data: dict[Path, str] = {}
_holding = 0


def generation() -> int:
    """Which moment it is; an id that was made in another one is made again."""
    return _number


def depends_on(path: Path, sha256: str) -> None:
    """An id of this moment was made of this content."""
    _data[path] = sha256


def refresh() -> None:
    """Begin a new moment if code was loaded again or replaced, or if declared data changed, since this one began."""
    global _number, _again
    if not _holding and (
        _again != imports.reload_count()
        or fingerprint.has_replacements()
        or any(map(_changed, _data))
    ):
        _number += 1
        _again = imports.reload_count()
        _data.clear()


@contextmanager
def frozen() -> Iterator[None]:
    """Let no new moment begin in the block, nor in the processes that it forks."""
    _hold(1)
    try:
        yield
    finally:
        _hold(-1)


def _hold(more: int) -> None:
    global _holding
    _holding += more


def _changed(path: Path) -> bool:
    with suppress(OSError), imports.ignore_file_access():
        return content_digest(path) != _data[path]
    return True


def _hold_at_work(worker: Any) -> None:
    """What gokart's or luigi's own function builds, it builds in one moment, too."""
    enter, leave = worker.__enter__, worker.__exit__

    def begin(self: Any) -> Any:
        refresh()
        _hold(1)
        return enter(self)

    def end(self: Any, *error: Any) -> Any:
        _hold(-1)
        return leave(self, *error)

    worker.__enter__, worker.__exit__ = begin, end


_hold_at_work(gokart.worker.Worker)
_hold_at_work(luigi.worker.Worker)
