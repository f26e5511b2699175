"""What the processes of this machine hold of what is scarce: a claim is a file that is locked.

All claims are in one folder of the machine, so that they count among all projects and users. The
system frees the lock of a claim when the last process that has it open has ended, in whatever way.
That is why the locks are taken here and not by `filelock`: a forked process inherits them, and one
of another user's file needs no right to write it. Knows no task and no graphics card.
"""

import fcntl
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from labkart.errors import LabkartError
from labkart.language import mistake
from labkart.records.file_lock import is_locked

_DUST = 1e-9  # three thirds are a whole
_FRESH = 3600.0  # seconds after which a file is touched: systems remove old ones


@dataclass(frozen=True)
class Need:
    """A share of some of several pools.

    Attributes:
        pools: any of these will do.
        share: of each pool that is taken.
        capacity: of each pool.
        count: how many pools.
    """

    pools: Sequence[str]
    share: float
    capacity: float
    count: int = 1


@dataclass
class _Content:
    """What the file of a claim says.

    Attributes:
        since: when it was first asked for, in seconds since 1970: who asks first gets first.
        holds: the share of each pool; empty while it waits.
    """

    process: int
    since: float
    needs: Sequence[Need]
    holds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.needs = [need if isinstance(need, Need) else Need(**need) for need in self.needs]

    @property
    def pools(self) -> set[str]:
        return {pool for need in self.needs for pool in need.pools}

    def rivals(self, others: Sequence["_Content"]) -> set[int]:
        """The processes among others that have or want the same."""
        return {other.process for other in others if self.pools & other.pools}


class Claim:
    """A claim to all of some needs at once, so that none is held while another is waited for.

    Attributes:
        blockers: the other processes that stood in the way when it was last tried.
    """

    def __init__(self, needs: Sequence[Need]) -> None:
        self.blockers: set[int] = set()
        self._content = _Content(os.getpid(), time.time(), needs)
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._touched = time.time()

    @property
    def pools(self) -> list[str]:
        """The pools of which it holds a share."""
        return list(self._content.holds)

    @property
    def is_handed_over(self) -> bool:
        """Whether other processes have it, and end it."""
        return self._path is not None and self._descriptor is None

    def take(self) -> bool:
        """Take what is needed if it is free; else keep the place in the queue.

        Raises:
            LabkartError: there can be no file.
        """
        with _locked_folder() as folder:
            others = list(_living(folder, self._path))
            holds = _share_out(self._content, others)
            self._content.holds = holds or {}
            self.blockers = self._content.rivals(others) if holds is None else set()
            self._write(folder)
        return holds is not None

    def hand_over(self) -> None:
        """Leave it to the processes that have been forked meanwhile: it ends with them."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def release(self) -> None:
        """Give it back, or up; it can be tried again with the same place in the queue."""
        if self._path:
            with suppress(OSError):
                self._path.unlink()
        self.hand_over()
        self._path, self._content.holds = None, {}

    def keep_fresh(self) -> None:
        """Touch its file now and then."""
        if self._path and time.time() - self._touched > _FRESH:
            self._touched = time.time()
            with suppress(OSError):
                os.utime(self._path)

    def _write(self, folder: Path) -> None:
        text = json.dumps(asdict(self._content)).encode()
        if self._descriptor is None:
            descriptor, name = tempfile.mkstemp(".json", f"{os.getpid()}-", folder)
            self._descriptor, self._path = descriptor, Path(name)
            os.fchmod(descriptor, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)


def remove_dead() -> None:
    """Remove the files of claims whose processes have ended."""
    with suppress(LabkartError), _locked_folder() as folder:
        for _ in _living(folder, None):
            pass


def _share_out(own: _Content, others: Sequence[_Content]) -> dict[str, float] | None:
    """What a claim gets of what the others leave, those that wait longer included."""
    used: dict[str, float] = defaultdict(float)
    for other in others:
        for pool, share in other.holds.items():
            used[pool] += share
    waiting = [other for other in others if not other.holds and other.since < own.since]
    for other in sorted(waiting, key=lambda other: other.since):
        for need in other.needs:
            for pool in _free(need, used) or need.pools[: need.count]:
                used[pool] += need.share
    holds: dict[str, float] = {}
    for need in own.needs:
        pools = _free(need, used)
        if len(pools) < need.count:
            return None
        holds |= dict.fromkeys(pools, need.share)
    return holds


def _free(need: Need, used: dict[str, float]) -> list[str]:
    """The pools that have a share left, those of which least is used first; as many as needed."""
    free = [pool for pool in need.pools if used[pool] + need.share <= need.capacity + _DUST]
    return sorted(free, key=lambda pool: used[pool])[: need.count]


def _living(folder: Path, own: Path | None) -> Iterator[_Content]:
    """The claims of others whose processes live; the files of the dead are removed."""
    for path in folder.glob("*.json"):
        if path == own:
            continue
        with suppress(OSError, ValueError, TypeError), _open(path) as descriptor:
            if is_locked(descriptor):
                yield _Content(**json.loads(os.pread(descriptor, 1 << 20, 0)))
            else:
                path.unlink()


@contextmanager
def _open(path: Path, flags: int = os.O_NOFOLLOW) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked_folder() -> Iterator[Path]:
    """The folder of all claims of this machine, in which no other process works meanwhile."""
    folder = Path(os.environ.get("TMPDIR") or tempfile.gettempdir()) / "labkart-claims"
    try:
        if not folder.is_dir():
            with suppress(FileExistsError):
                folder.mkdir()
                folder.chmod(0o1777)  # for all users, each of whom removes only own files
        with _open(folder, os.O_DIRECTORY) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
    except OSError as error:
        raise mistake(
            "{folder}: {reason}. Commands agree there on who has a graphics card;"
            " set TMPDIR to another folder.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
