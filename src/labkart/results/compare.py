"""Two experiments side by side, as a person reads them: a table of what differs, and a line of what does not."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from labkart import console
from labkart.records import query
from labkart.records.diff import Change
from labkart.records.record import ExperimentRecord
from labkart.results.contrast import CodeChange, Comparison
from labkart.results.runs import finite, format_cell
from labkart.table import Column


def show(words: Sequence[str]) -> int:
    """The verb `compare`."""
    parser = argparse.ArgumentParser(
        "labkart compare", description="Show what differs between two experiments."
    )
    parser.add_argument(
        "one", metavar="A", help="the beginning of an experiment's id; labkart runs lists them"
    )
    parser.add_argument("other", metavar="B", help="that of another one")
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args(words)
    found = Comparison.of(query.find_experiment(asked.one), query.find_experiment(asked.other))
    if asked.json:
        console.write_raw(json.dumps(finite(found.plain()), ensure_ascii=False, indent=1))
    else:
        _show(found)
    return 0


def _show(found: Comparison) -> None:
    heads = [each.id[:8] for each in (found.one, found.other)]
    about = [
        Change(*each) for each in zip(_ABOUT, _about(found.one), _about(found.other), strict=True)
    ]
    changed = [
        each for each in found.metrics if repr(each.one) != repr(each.other)
    ]  # two NaN are the same here
    tables = {
        "experiment": about,
        "settings": found.settings,
        "metrics": found.metrics if changed else [],
    }
    tables |= {
        "seconds": found.tasks,
        "data": found.data,
        "packages": found.packages,
        "machine": found.machine,
    }
    for title, rows in tables.items():
        if rows:
            columns = [Column(title, [each.name for each in rows])]
            measured = title in ("metrics", "seconds")
            told = _number if measured else format_cell
            columns += [
                Column(head, [told(each[at]) for each in rows]) for at, head in enumerate(heads, 1)
            ]
            columns += [Column("difference", list(map(_difference, rows)))] if measured else []
            console.show_table(columns, ["dim"])
            console.say("")
    same = [title for title, rows in tables.items() if not rows and title != "seconds"]
    _show_code(found.code, heads)
    alone = found.code.one or found.code.other
    same += [] if found.code.changed else ["code that both use" if alone else "code"]
    same += [f"the runs of {', '.join(found.shared)}"] if found.shared else []
    if same:
        console.say(f"  the same: {', '.join(same)}")


_ABOUT = ("started", "status", "command", "commit")


def _about(record: ExperimentRecord) -> list[str]:
    commit = str(record.code.get("commit") or "none")[:8]
    started = (record.started or "-")[:19].replace("T", " ")
    return [
        started,
        record.status,
        record.command,
        commit + (" and changes" if record.code.get("dirty") else ""),
    ]


def _show_code(code: CodeChange, heads: Sequence[str]) -> None:
    said = [f"code that differs: {', '.join(code.changed)}"] if code.changed else []
    said += [
        f"code that {head} alone uses: {', '.join(names)}"
        for head, names in zip(heads, (code.one, code.other), strict=True)
        if names
    ]
    if code.changed and code.diff is None:
        said.append("git does not have both states of it, so there is no diff.")
    for line in said:
        console.say(f"  {line}")
    for line in (code.diff or "").splitlines():
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        console.say(line.encode(errors="surrogateescape").decode(errors="replace"), style)
    if said:
        console.say("")


def _number(value: Any) -> str:
    return "-" if value is None else console.format_number(float(value))


def _difference(pair: Change) -> str:
    if pair.one is None or pair.other is None or pair.one == pair.other:
        return ""
    return f"{'+' if pair.other > pair.one else ''}{console.format_number(pair.other - pair.one)}"
