"""`labkart compare`: two experiments side by side, and a line for what is the same."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence

from labkart import console
from labkart.cli.edits import warn_of_edits
from labkart.records import query
from labkart.records.diff import Change
from labkart.records.record import ExperimentRecord
from labkart.results.compare import CodeChange, Comparison, compare_experiments
from labkart.results.runs import finite, format_cell
from labkart.table import Column

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_NAMED_IF_EQUAL = ("settings", "metrics", "data", "packages", "machine")


def main(argv: list[str]) -> int:
    """Compare two experiments."""
    parser = ArgumentParser(
        "labkart compare", description="Show what differs between two experiments."
    )
    first = "the beginning of an experiment's id; labkart runs lists them"
    parser.add_argument("first", metavar="A", help=first)
    parser.add_argument("second", metavar="B", help="the beginning of another one's id")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_args(argv)
    experiments = [query.find_experiment(id) for id in (args.first, args.second)]
    comparison = compare_experiments(*experiments)
    warn_of_edits(experiments)
    if args.json:
        console.write_raw(json.dumps(finite(comparison.as_dict()), ensure_ascii=False, indent=1))
    else:
        _show(comparison)
    return 0


def _show(comparison: Comparison) -> None:
    parts = dict(comparison.parts)
    if all(repr(row.one) == repr(row.other) for row in parts["metrics"]):  # two NaN are equal here
        parts["metrics"] = []
    heads = [comparison.first.id[:8], comparison.second.id[:8]]
    others = _facts(comparison.second)
    facts = [Change(name, text, others[name]) for name, text in _facts(comparison.first).items()]
    _show_rows("experiment", facts, heads)
    _show_rows("settings", parts["settings"], heads)
    _show_rows("metrics", parts["metrics"], heads, measured=True)
    _show_rows("seconds", parts["tasks"], heads, measured=True)
    for title in ("data", "packages", "machine"):
        _show_rows(title, parts[title], heads)
    _show_code(comparison.code, heads)
    equal = [title for title in _NAMED_IF_EQUAL if not parts[title]]
    if not comparison.code.changed:
        differs = comparison.code.only_first or comparison.code.only_second
        equal.append("code that both use" if differs else "code")
    if comparison.shared:
        equal.append(f"the runs of {', '.join(comparison.shared)}")
    if equal:
        console.say(f"  the same: {', '.join(equal)}")


def _facts(experiment: ExperimentRecord) -> dict[str, str]:
    commit = str(experiment.code.get("commit") or "none")[:8]
    return {
        "started": (experiment.started or "-")[:19].replace("T", " "),
        "status": experiment.status,
        "command": experiment.command,
        "commit": f"{commit} and changes" if experiment.code.get("dirty") else commit,
    }


def _show_rows(
    title: str, rows: Sequence[Change], heads: Sequence[str], *, measured: bool = False
) -> None:
    """Print a table; of measured values with their differences."""
    if not rows:
        return
    format_value = console.format_number if measured else format_cell
    columns = [
        Column(title, [row.name for row in rows]),
        Column(heads[0], [format_value(row.one) for row in rows]),
        Column(heads[1], [format_value(row.other) for row in rows]),
    ]
    if measured:
        columns.append(Column("difference", [_format_difference(row) for row in rows]))
    console.show_table(columns)
    console.say("")


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


def _format_difference(row: Change) -> str:
    if row.one is None or row.other is None or row.one == row.other:
        return ""
    sign = "+" if row.other > row.one else ""
    return f"{sign}{console.format_number(row.other - row.one)}"
