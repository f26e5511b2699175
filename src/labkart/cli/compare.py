"""`labkart compare`: two experiments side by side, and a line for what is the same."""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

from labkart import console
from labkart.records import query
from labkart.records.diff import Change
from labkart.records.record import ExperimentRecord
from labkart.results.compare import CodeChange, Comparison, compare_experiments
from labkart.results.runs import finite, format_cell
from labkart.table import Column

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def main(argv: list[str]) -> int:
    """Compare two experiments."""
    parser = argparse.ArgumentParser(
        "labkart compare", description="Show what differs between two experiments."
    )
    parser.add_argument(
        "first", metavar="A", help="the beginning of an experiment's id; labkart runs lists them"
    )
    parser.add_argument("second", metavar="B", help="the beginning of another one's id")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_args(argv)
    comparison = compare_experiments(
        query.find_experiment(args.first), query.find_experiment(args.second)
    )
    if args.json:
        console.write_raw(json.dumps(finite(comparison.as_dict()), ensure_ascii=False, indent=1))
    else:
        _show(comparison)
    return 0


def _show(comparison: Comparison) -> None:
    heads = [comparison.first.id[:8], comparison.second.id[:8]]
    _show_rows("experiment", _facts(comparison.first, comparison.second), heads, format_cell)
    _show_rows("settings", comparison.settings, heads, format_cell)
    metrics = comparison.metrics if _has_changes(comparison.metrics) else []
    _show_measured("metrics", metrics, heads)
    _show_measured("seconds", comparison.tasks, heads)
    for title, rows in _other_parts(comparison).items():
        _show_rows(title, rows, heads, format_cell)
    _show_code(comparison.code, heads)
    if equal := _equal_parts(comparison, metrics):
        console.say(f"  the same: {', '.join(equal)}")


def _other_parts(comparison: Comparison) -> dict[str, list[Change]]:
    return {
        "data": comparison.data,
        "packages": comparison.packages,
        "machine": comparison.machine,
    }


def _has_changes(rows: Sequence[Change]) -> bool:
    """Whether a value differs; two NaN are equal here."""
    return any(repr(row.one) != repr(row.other) for row in rows)


def _equal_parts(comparison: Comparison, metrics: Sequence[Change]) -> list[str]:
    parts = {"settings": comparison.settings, "metrics": metrics, **_other_parts(comparison)}
    equal = [title for title, rows in parts.items() if not rows]
    if not comparison.code.changed:
        differs = comparison.code.only_first or comparison.code.only_second
        equal.append("code that both use" if differs else "code")
    if comparison.shared:
        equal.append(f"the runs of {', '.join(comparison.shared)}")
    return equal


def _show_rows(
    title: str, rows: Sequence[Change], heads: Sequence[str], format_value: Callable[[Any], str]
) -> None:
    _show_columns(_columns(title, rows, heads, format_value))


def _show_measured(title: str, rows: Sequence[Change], heads: Sequence[str]) -> None:
    """A table of numbers, with their differences."""
    differences = Column("difference", [_format_difference(row) for row in rows])
    _show_columns([*_columns(title, rows, heads, _format_number), differences])


def _columns(
    title: str, rows: Sequence[Change], heads: Sequence[str], format_value: Callable[[Any], str]
) -> list[Column]:
    return [
        Column(title, [row.name for row in rows]),
        Column(heads[0], [format_value(row.one) for row in rows]),
        Column(heads[1], [format_value(row.other) for row in rows]),
    ]


def _show_columns(columns: Sequence[Column]) -> None:
    if columns[0].cells:
        console.show_table(columns)
        console.say("")


def _facts(first: ExperimentRecord, second: ExperimentRecord) -> list[Change]:
    names = ("started", "status", "command", "commit")
    pairs = zip(names, _fact_values(first), _fact_values(second), strict=True)
    return [Change(*pair) for pair in pairs]


def _fact_values(experiment: ExperimentRecord) -> list[str]:
    started = (experiment.started or "-")[:19].replace("T", " ")
    commit = str(experiment.code.get("commit") or "none")[:8]
    if experiment.code.get("dirty"):
        commit += " and changes"
    return [started, experiment.status, experiment.command, commit]


def _show_code(code: CodeChange, heads: Sequence[str]) -> None:
    lines = [f"code that differs: {', '.join(code.changed)}"] if code.changed else []
    for head, names in zip(heads, (code.only_first, code.only_second), strict=True):
        if names:
            lines.append(f"code that only {head} uses: {', '.join(names)}")
    if code.changed and code.diff is None:
        lines.append("git does not have both states, so there is no diff.")
    for line in lines:
        console.say(f"  {line}")
    for line in (code.diff or "").splitlines():
        text = line.encode(errors="surrogateescape").decode(errors="replace")
        console.say(text, _DIFF_STYLES.get(line[:1], ""))
    if lines:
        console.say("")


def _format_number(value: Any) -> str:
    return "-" if value is None else console.format_number(float(value))


def _format_difference(row: Change) -> str:
    if row.one is None or row.other is None or row.one == row.other:
        return ""
    sign = "+" if row.other > row.one else ""
    return f"{sign}{console.format_number(row.other - row.one)}"
