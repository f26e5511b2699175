"""Summaries of all experiments: their records without tasks and environment, read quickly.

Remembers what it read of a record until the record changes.
"""

import os
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from labkart import digests, project
from labkart.digests import Stamp
from labkart.memo import Memo
from labkart.records import leftovers, record_file
from labkart.records.record import ExperimentRecord, read_experiment

_READERS = ("records/summaries.py", "records/record.py", "records/record_file.py")
_LEFT_OUT = ("tasks", "environment")
_FIELDS = [field.name for field in fields(ExperimentRecord) if field.name not in _LEFT_OUT]

# The stamp of a record's file (empty if a change might not show in it), and its values.
_Entry = tuple[Stamp, list[Any]]


def summaries() -> list[ExperimentRecord]:
    """The records of all experiments without their tasks and environment, newest first.

    Those whose processes died are completed first: none of them is said to be running.
    """
    with suppress(OSError):  # the disk is full or read-only
        leftovers.close_abandoned()
    outputs = project.current().outputs
    cache = Memo(outputs / "memos" / "experiments", _READERS)
    previous: dict[str, _Entry] = cache.load()
    entries = dict[str, _Entry]()
    folder = outputs / "records" / "experiments"
    for id in _names(folder):
        entry = _entry(id, folder / id / record_file.NAME, previous.get(id))
        if entry:
            entries[id] = entry
    if entries != previous:
        cache.keep(entries)
    facts = [dict(zip(_FIELDS, values, strict=True)) for _, values in entries.values()]
    records = [ExperimentRecord(**values, tasks=[]) for values in facts]
    return sorted(records, key=lambda record: record.started or "", reverse=True)


def damaged(prefix: str = "") -> list[str]:
    """The ids of the experiments that begin with a text and whose records cannot be read."""
    known = {record.id for record in summaries()}
    folder = project.current().outputs / "records" / "experiments"
    names = (name for name in _names(folder) if name.startswith(prefix) and name not in known)
    return sorted(name for name in names if (folder / name / record_file.NAME).exists())


def _entry(id: str, file: Path, previous: _Entry | None) -> _Entry | None:
    """A record's values and stamp; None if it is missing or damaged."""
    stamp = digests.stamp(str(file))
    if stamp and previous and previous[0] == stamp:
        return previous
    is_settled = bool(stamp) and digests.settled(stamp)
    record = read_experiment(id)
    if not record:
        return None
    values = [getattr(record, name) for name in _FIELDS]
    if stamp and is_settled and digests.stamp(file) == stamp:
        return stamp, values
    return [], values


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (as texts: there are many)
    except FileNotFoundError:
        return []
