"""Differences between two runs, as their records show them. Reads no record itself."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from labkart.secrets.names import MASK

_HUNK = re.compile(r"@@ -(\d+)[^+]*\+(\d+)")


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


def changed_places(diff: str, masked: str) -> list[str]:
    """Where a unified diff was masked, as `src/a.py:12`: in the file as it is after the diff."""
    places = list[str]()
    file, number = "", 0
    for line, masked_line in zip(diff.split("\n"), masked.split("\n"), strict=True):
        if line.startswith("+++ "):
            file = line[4:].strip('"').removeprefix("b/")
        elif hunk := _HUNK.match(line):
            number = int(hunk[2]) - 1
        else:
            number += not line.startswith("-")
            if line != masked_line:
                places.append(f"{file}:{number}")
    return places


def restored(diff: str, old_text: Callable[[str], str]) -> str:
    """A masked diff with what the files had before in place of `***`; it applies again.

    Only the lines that it adds stay masked. `old_text` gives a file of the commit by its path.
    """
    lines = diff.split("\n")
    old, number = list[str](), 0
    for index, line in enumerate(lines[:-1] if MASK in diff else ()):
        if line.startswith("--- ") and lines[index + 1].startswith("+++ "):
            old = old_text(line[4:].strip('"').removeprefix("a/")).split("\n")
        elif hunk := _HUNK.match(line):
            number = int(hunk[1]) - 1
        elif line.startswith((" ", "-")):
            if MASK in line and number < len(old):
                lines[index] = line[0] + old[number]
            number += 1
    return "\n".join(lines)
