"""When an experiment was last used: it ran, or a command named it and it was cached."""

from labkart.files import read_text, remember
from labkart.records.record import ExperimentRecord, current_time
from labkart.records.values import timestamp

_NAME = ".last-used"


def mark_used(record: ExperimentRecord) -> None:
    """Note that a command names the experiment now, although it need not run."""
    remember(record.folder / _NAME, current_time().encode())


def last_used(record: ExperimentRecord) -> float:
    """When it began, or a later command named it, in seconds since 1970; 0 if it never began."""
    return max(timestamp(record.started), timestamp(read_text(record.folder / _NAME)))
