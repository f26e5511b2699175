"""What a long task used of the machine over time: a small table in the folder of its record.

Measures nothing: see `tasks.sampler`.
"""

import csv
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from statistics import fmean

from labkart.files import write_atomically

SHORTEST = 5.0  # seconds that a task runs at least if there is a table
NAME = "machine_use.csv"

# Grow from the beginning of the task to its end; of the others the mean and the peak count.
_TOTALS = ("disk_read_mb", "disk_written_mb")

# Values at a moment by name, among them `seconds` since the task began.
Point = Mapping[str, float]


def write(folder: Path, points: Iterable[Point]) -> None:
    """Write the table of the task whose folder this is, in place of an earlier one."""
    rows = [{name: f"{value:.6g}" for name, value in point.items()} for point in points]
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{','.join(line)}\n" for line in lines)
    write_atomically(folder / NAME, text.encode())


def read(folder: Path) -> list[dict[str, float]]:
    """The points of a task's table; empty if it has none."""
    with suppress(OSError), (folder / NAME).open(newline="") as file:
        return [
            {name: float(text) for name, text in row.items() if text}
            for row in csv.DictReader(file)
        ]
    return []


def summary(folder: Path) -> dict[str, float]:
    """Mean and peak of each column, and the totals of what was read and written."""
    points = read(folder)
    result = dict[str, float]()
    for name in dict.fromkeys(name for point in points for name in point if name != "seconds"):
        values = [point[name] for point in points if name in point]
        if name in _TOTALS:
            result[name] = max(values)
        else:
            result |= {f"{name}_mean": fmean(values), f"{name}_peak": max(values)}
    return result
