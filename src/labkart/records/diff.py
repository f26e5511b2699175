"""What differs between two runs, as their records tell it: definitions of code by name, and whatever has a name."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Change(NamedTuple):
    """Something that two runs have differently; nothing where one of them does not have it."""

    name: str
    one: Any
    other: Any


def changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Change]:
    """What differs of two mappings, by its name."""
    names = dict.fromkeys((*one, *other))
    return [
        Change(name, one.get(name), other.get(name))
        for name in names
        if one.get(name) != other.get(name)
    ]


def changed_definitions(file: str, now: Mapping[str, str], then: Mapping[str, str]) -> list[str]:
    """The definitions of a file that differ, as `tasks/train.py: TrainForest.run`."""
    place = file.partition("/")[2] or file
    names = sorted(pair.name for pair in changes(now, then))
    if "" in names:  # the whole file counts, or did
        return [place]
    whole = {name.partition(".")[0] for name in names if name in then and name in now}
    return [
        f"{place}: {name}"
        for name in names
        if "." not in name or name.partition(".")[0] not in whole or name in then
    ]
