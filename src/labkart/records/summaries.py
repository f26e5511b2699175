"""All experiments at a glance, quickly: what is not of tasks and machine is kept while a record stays the same."""

import os
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from labkart import digests, project
from labkart.cache import Cache
from labkart.digests import Stamp
from labkart.records.record import ExperimentRecord, read_experiment

_LEFT_OUT = ("tasks", "environment")
_KEPT = [each.name for each in fields(ExperimentRecord) if each.name not in _LEFT_OUT]

# The stamp of a record's file, and what it says.
_Known = tuple[Stamp, list[Any]]


def summaries() -> list[ExperimentRecord]:
    """The records of all experiments without their tasks and machine, the newest first."""
    outputs = project.current().outputs
    memo = Cache(outputs / "memos" / "experiments", ("records/summaries.py", "records/record.py"))
    before: dict[str, _Known] = memo.load()
    now = dict[str, _Known]()
    for id in _ids(outputs / "records" / "experiments"):
        file = outputs / "records" / "experiments" / id / "record.json"
        known, stamp = before.get(id), digests.stamp(str(file))
        if not stamp or not known or known[0] != stamp:
            settled = stamp and digests.settled(stamp)
            if not (record := read_experiment(id)):
                continue
            same = settled and digests.stamp(file) == stamp
            known = (stamp if stamp and same else [], [getattr(record, name) for name in _KEPT])
        now[id] = known
    if now != before:
        with suppress(OSError):  # a disk that is full, or that may only be read
            memo.keep(now)
    made = [
        ExperimentRecord(**dict(zip(_KEPT, said, strict=True)), tasks=[])
        for _, said in now.values()
    ]
    return sorted(made, key=lambda each: each.started or "", reverse=True)


def _ids(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (many)
    except FileNotFoundError:
        return []
