"""Differences between two runs, as their records show them. Reads no record itself."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Change(NamedTuple):
    """Something with a name that differs between two runs; None if one of them lacks it."""

    name: str
    one: Any
    other: Any


def changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Change]:
    """The differences between two mappings."""
    names = dict.fromkeys((*one, *other))
    pairs = [Change(name, one.get(name), other.get(name)) for name in names]
    return [pair for pair in pairs if pair.one != pair.other]


def changed_definitions(file: str, now: Mapping[str, str], then: Mapping[str, str]) -> list[str]:
    """The definitions of a file that differ, as `tasks/train.py: TrainForest.run`.

    The file starts with the folder of the package. `now` are the digests of its definitions today,
    `then` those in a record.
    """
    path = file.partition("/")[2] or file
    names = sorted(change.name for change in changes(now, then))
    if "" in names:  # the whole file counts in one of them
        return [path]
    whole = {name.partition(".")[0] for name in names if name in then and name in now}
    return [
        f"{path}: {name}"
        for name in names
        if "." not in name or name.partition(".")[0] not in whole or name in then
    ]
