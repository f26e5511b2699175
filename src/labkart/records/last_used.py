"""When somebody last asked for an experiment: one that is cached by now is as new as one that ran."""

from contextlib import suppress
from datetime import datetime

from labkart.files import read_text, write_atomically
from labkart.records.record import ExperimentRecord, current_time

_NAME = ".asked"


def mark_used(record: ExperimentRecord) -> None:
    """Somebody asks for it now, and it need not run."""
    with suppress(OSError):  # a disk that is full, or that may only be read
        write_atomically(record.folder / _NAME, current_time().encode())


def last_used(record: ExperimentRecord) -> float:
    """When it began, or a later command named it: in seconds since 1970, and 0 where it never began."""
    return max(_seconds(record.started or ""), _seconds(read_text(record.folder / _NAME)))


def _seconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0.0
