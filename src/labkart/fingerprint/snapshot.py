"""The snapshot of code and data that ids are made of.

It stands still while tasks are planned and built, and a new one begins when something changed.
Knows no task and makes no id.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from labkart import _compat, opened_files
from labkart.digests import content_digest
from labkart.fingerprint import fingerprint, imports


@dataclass
class _Snapshot:
    """What ids are made of at present. The process has one, `_snapshot`: it has one set of modules.

    Attributes:
        generation: its number; an id of another generation is made again.
        reloads: how often code had been loaded again when it began.
        data: the digests of the declared data that ids were made of.
        holders: how many blocks keep it from being replaced.
    """

    generation: int = 1
    reloads: int = field(default_factory=imports.reload_count)
    data: dict[Path, str] = field(default_factory=dict)
    holders: int = 0


def generation() -> int:
    """The number of the present snapshot; an id that was made in another one is made again."""
    return _snapshot.generation


def depends_on(path: Path, sha256: str) -> None:
    """Note that an id was made of a file or folder with this digest."""
    _snapshot.data[path] = sha256


def refresh() -> None:
    """Begin a new snapshot if code was loaded again or replaced, or if declared data changed."""
    if _snapshot.holders:
        return
    is_reloaded = _snapshot.reloads != imports.reload_count()
    is_replaced = fingerprint.has_replacements()
    if is_reloaded or is_replaced or any(_data_changed(*data) for data in _snapshot.data.items()):
        _snapshot.generation += 1
        _snapshot.reloads = imports.reload_count()
        _snapshot.data.clear()


@contextmanager
def frozen() -> Iterator[None]:
    """Let no new snapshot begin in the block, nor in the processes that it forks."""
    _hold(1)
    try:
        yield
    finally:
        _hold(-1)


def _hold(more: int) -> None:
    _snapshot.holders += more


def _data_changed(path: Path, sha256: str) -> bool:
    with suppress(OSError), opened_files.ignored():
        return content_digest(path) != sha256
    return True


def _begin_build() -> None:
    refresh()
    _hold(1)


_snapshot = _Snapshot()
# What gokart's or luigi's own function builds, it builds of one snapshot too.
_compat.wrap_workers(before=_begin_build, after=lambda: _hold(-1))
