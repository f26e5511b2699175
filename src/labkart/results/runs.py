"""Experiments as rows: what tells those apart that are shown, sorted by a value; for a terminal and for programs."""

import argparse
import csv
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labkart import console
from labkart.errors import LabkartError
from labkart.records.query import (
    FACTS,
    Condition,
    Selection,
    check_name,
    sort_key,
    unmet_condition,
    value,
    values,
)
from labkart.records.record import ExperimentRecord, current_time, read_experiments
from labkart.table import Column, plain

_ROWS, _METRICS = 20, 8  # what a person reads
_STYLES = {
    "failed": "red",
    "killed": "yellow",
    "pruned": "dim",
    "running": "cyan",
    "planned": "dim",
}


@dataclass
class Order:
    """What sorts: a setting, a value of the configuration, a metric, or `id`, `started`, `status`.

    Attributes:
        most: how many are shown; all of them without it.
    """

    by: str = "started"
    reverse: bool = False
    most: int | None = None

    def sorted(self, records: Sequence[ExperimentRecord]) -> list[ExperimentRecord]:
        """From small to large, numbers as numbers, and those without a value last; by date the newest is first.

        Raises:
            LabkartError: no experiment has such a value.
        """
        name, falls = self.by.removeprefix("-"), self.by.startswith("-") is not self.reverse
        check_name(name, records)
        found = [(own_columns(each, name), each) for each in records]
        known = [(sort_key(each), record) for each, record in found if not _is_nothing(each)]
        known.sort(key=lambda pair: pair[0], reverse=falls is not (name == "started"))
        return [record for _, record in known] + [
            record for each, record in found if _is_nothing(each)
        ]


@dataclass
class Listing:
    """Some experiments in order.

    Attributes:
        more: how many there are that are not among them.
        wanted: names that a person asked for, which are shown first.
    """

    records: list[ExperimentRecord]
    more: int = 0
    wanted: Sequence[str] = field(default_factory=tuple)

    def columns(self) -> list[Column]:
        """Id, begin, status, what varies, and some metrics."""
        names = self._metrics()
        metrics = names[:_METRICS]
        settings = [name for name in self.wanted if name not in (*names, *FACTS)]
        settings += [name for name in varying(self.records) if name not in settings]
        columns = [
            Column("id", [each.id[:8] for each in self.records]),
            Column("started", _moments(self.records)),
            Column("status", [each.status for each in self.records]),
        ]
        cells = [[format_cell(value(each, name)) for each in self.records] for name in settings]
        codes = [_code(each) for each in self.records]
        told = set(zip(*cells, strict=True)) if cells else {()}
        if (
            len(told) < len(self.records) and len(set(codes)) > 1
        ):  # settings alone do not tell them apart
            settings.append("code")
            cells.append(codes)
        for at, (name, column) in enumerate(zip(settings, cells, strict=True)):
            columns.append(Column(name, column, 2 * at + 1))
        for at, name in enumerate(metrics):
            columns.append(Column(name, [_metric(each, name) for each in self.records], 2 * at + 2))
        return columns

    @property
    def left(self) -> int:
        """How many metrics have no column."""
        return max(0, len(self._metrics()) - _METRICS)

    def _metrics(self) -> list[str]:
        names = dict.fromkeys(name for each in self.records for name in each.metrics)
        return sorted(names, key=lambda name: name not in self.wanted)


def show(words: Sequence[str]) -> int:
    """The verb `runs`."""
    asked = _parsed(words)
    where = [Condition.of(word) for word in asked.conditions]
    if asked.n is not None and asked.n < 1:
        raise LabkartError(f"-n {asked.n}: wants a number from 1 on; --all shows all.")
    chosen = Selection(
        where, asked.sweep, asked.study, asked.tag, asked.commit, asked.since, asked.until
    )
    records = Order(asked.sort, asked.reverse).sorted(chosen.summaries())
    programs = asked.json or asked.csv
    most = asked.n or (len(records) if asked.all or programs else _ROWS)
    listing = Listing(records[:most], len(records[most:]), _named(where, asked.sort))
    if asked.json:
        console.write_raw(as_json(listing.records))
    elif asked.csv:
        write_csv(listing.records)
    elif not records:
        console.say(f"  {unmet_condition(where) or _nothing()}")
    else:
        _show(listing)
    return 0


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("labkart runs", description="List experiments, newest first.")
    parser.add_argument(
        "conditions",
        nargs="*",
        metavar="name=value",
        help="also !=, <, > in quotes: 'accuracy>0.9'",
    )
    for name, meaning in _CHOOSE.items():
        parser.add_argument(f"--{name}", metavar=name.upper(), help=meaning)
    parser.add_argument(
        "--sort",
        default="started",
        metavar="NAME",
        help="a setting or metric; -NAME: largest first",
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("-n", type=int, help=f"so many rows ({_ROWS})")
    parser.add_argument("--all", action="store_true", help="all rows")
    parser.add_argument("--json", action="store_true", help="all values, for programs")
    parser.add_argument("--csv", action="store_true", help="the same as a table")
    joined: list[str] = []
    for word in words:  # argparse would take -accuracy for an option
        if joined and joined[-1] == "--sort":
            joined[-1] = f"--sort={word}"
        else:
            joined.append(word)
    return parser.parse_intermixed_args(joined)


_CHOOSE = {
    "sweep": "of this sweep (the beginning of its id)",
    "study": "of this search's study",
    "tag": "with this tag",
    "commit": "of this commit (the beginning of it)",
    "since": "that began on this day or later (2026-11-25)",
    "until": "that began on this day or before",
}


def _named(where: Sequence[Condition], sort: str) -> list[str]:
    """The names that a person wants to see: what sorts, and what is compared and not fixed."""
    free = [condition.name for condition in where if condition.sign != "="]
    return list(dict.fromkeys([sort.removeprefix("-"), *free]))


def _nothing() -> str:
    """Why there is no row."""
    if read_experiments(most=1):
        return f"No experiment is like that; {console.command('runs')} lists all."
    return f"No experiments yet; {console.command('run')} makes the first."


def _show(listing: Listing) -> None:
    styles = ["dim", *(_STYLES.get(each.status, "") for each in listing.records)]
    left = console.show_table(listing.columns(), styles) + listing.left
    more = [f"... and {listing.more:,} more (--all shows them)"] if listing.more else []
    more += [f"{left} more column{'s' if left > 1 else ''} with --csv"] if left else []
    for line in more:
        console.say(f"  {line}", "dim")


def varying(records: Sequence[ExperimentRecord]) -> list[str]:
    """The names of what differs between experiments: settings first, and nothing that another one of them tells."""
    told = [
        {name: format_cell(each) for name, each in values(record) if name not in record.metrics}
        for record in records
    ]
    said = {word.lstrip("+").partition("=")[0] for record in records for word in record.overrides}
    names, seen = list[str](), set[tuple[str, ...]]()
    for name in dict.fromkeys(
        name for each in told for name in each if not name.startswith("search.")
    ):
        cells = tuple(each.get(name, "-") for each in told)
        group = name.partition(".")[0]
        file = {(each.get(group), cell) for each, cell in zip(told, cells, strict=True)}
        follows = (
            "." in name and name not in said and len(file) == len({choice for choice, _ in file})
        )
        if len(set(cells)) > 1 and cells not in seen and not follows:
            seen.add(cells)
            names.append(name)
    return names


def row(record: ExperimentRecord) -> dict[str, Any]:
    """All values of an experiment by their names: what it is, its settings and configuration, its metrics."""
    found = {name: getattr(record, name) for name in FACTS}
    for name, each in values(record):
        found.setdefault(name, each)
    return found


def as_json(records: Sequence[ExperimentRecord]) -> str:
    """Each experiment with its settings, configuration and metrics."""
    names = (
        *FACTS,
        "ended",
        "command",
        "settings",
        "config",
        "metrics",
        "sweeps",
        "study",
        "trial",
        "tags",
        "error",
    )
    found = [
        {name: getattr(each, name) for name in names} | {"commit": each.code.get("commit")}
        for each in records
    ]
    return json.dumps(finite(found), ensure_ascii=False, indent=1)


def finite(node: Any) -> Any:
    """The same with nothing in the place of numbers that JSON does not have."""
    if isinstance(node, dict):
        return {name: finite(each) for name, each in node.items()}
    if isinstance(node, list | tuple):
        return [finite(each) for each in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node


def write_csv(records: Sequence[ExperimentRecord]) -> None:
    """A line an experiment, a column a name, on the standard output."""
    rows = [row(each) for each in records]
    writer = csv.DictWriter(
        sys.stdout, dict.fromkeys([*FACTS, *(name for each in rows for name in each)])
    )
    writer.writeheader()
    writer.writerows(rows)


def own_columns(record: ExperimentRecord, name: str) -> Any:
    """A value of an experiment, or a fact about it."""
    return getattr(record, name) if name in FACTS else value(record, name)


def _moments(records: Sequence[ExperimentRecord]) -> list[str]:
    """When they began, without the year where it is this one."""
    said = [(each.started or "-")[:16].replace("T", " ") for each in records]
    year = current_time()[:5]
    return (
        [each.removeprefix(year) for each in said]
        if all(each.startswith((year, "-")) for each in said)
        else said
    )


def format_cell(found: Any) -> str:
    """A value of the configuration, with no more digits than a person compares."""
    if found is None:
        return "-"
    if isinstance(found, bool):
        return str(found).lower()
    return f"{found:.4g}" if isinstance(found, float) and len(str(found)) > 6 else plain(found)


def _code(record: ExperimentRecord) -> str:
    """The commit that it ran on; a plus for uncommitted changes."""
    return str(record.code.get("commit") or "-")[:7] + ("+" if record.code.get("dirty") else "")


def _metric(record: ExperimentRecord, name: str) -> str:
    return console.format_number(float(record.metrics[name])) if name in record.metrics else "-"


def _is_nothing(found: Any) -> bool:
    return found is None or found != found
