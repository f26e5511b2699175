"""What killed processes leave behind: half-written files, and records that still say `running`.

Removes or completes these, and never touches what belongs to a process that is alive, here or on
another host. What nobody needs any more of complete outputs is `labkart clean`'s.
"""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from labkart import project
from labkart.language import translate
from labkart.records import locks
from labkart.records.record import current_time, read_experiment
from labkart.records.study import read_studies

_MINUTE, _DAY = 60.0, 86_400.0  # seconds after which nobody still writes a record; an output
_LUIGI_MARK = "-luigi-tmp-"
_ID_LENGTH = 32


def remove_leftovers() -> list[Path]:
    """Remove the files and folders that killed processes left, and return their paths."""
    removed = [*_half_outputs(), *_half_records(), *_scratch_folders()]
    for path in locks.lock_folder().glob("*.lock"):  # a task that succeeds leaves none
        with suppress(Timeout, OSError), locks.locked_if_free(path.stem):
            pass
    return removed


def close_abandoned() -> None:
    """Complete the records of experiments and studies whose processes died."""
    for id in locks.abandoned_experiments():
        record = read_experiment(id)
        if record and record.status == "running":
            record.status = "killed"
            record.ended = current_time()
            record.error = translate("The process was killed.")
            record.write()
    for study in read_studies():
        if study.status == "running" and not locks.is_searched(study.folder):
            study.status = "killed"
            study.ended = current_time()
            study.write()


def _half_outputs() -> Iterator[Path]:
    cache = locks.lock_folder().parent
    for path in cache.rglob(f"*{_LUIGI_MARK}*"):
        id = path.name.rpartition(_LUIGI_MARK)[0].rpartition("_")[2].partition(".")[0]
        # Without an id in its name, the task is unknown.
        if len(id) == _ID_LENGTH or _age(path) > _DAY:
            with suppress(Timeout, OSError), locks.locked_if_free(id):
                path.unlink(missing_ok=True)
                yield path


def _half_records() -> Iterator[Path]:
    outputs = project.current().outputs
    for pattern in ("memos/.*.tmp", "memos/*/.*.tmp", "records/*/*/.*.tmp"):
        for path in outputs.glob(pattern):
            if _age(path) > _MINUTE and not _is_alive(path.name.split(".")[-2]):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
                    yield path


def _scratch_folders() -> Iterator[Path]:
    for folder in locks.scratch().parent.glob("*.*"):
        host, _, process = folder.name.rpartition(".")
        is_ours = host == socket.gethostname() and process.isdecimal()
        if is_ours and not _is_alive(process):
            shutil.rmtree(folder, ignore_errors=True)
            yield folder


def _age(path: Path) -> float:
    """The seconds since a file was written; 0 if it is gone."""
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _is_alive(process: str) -> bool:
    import psutil

    try:
        # A zombie has ended, whether or not its parent has taken notice.
        return psutil.Process(int(process)).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return False
    except psutil.Error:  # another user's
        return True
