"""`labkart compare`: two experiments side by side, and a line for what is the same."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence

from labkart import console
from labkart.cli import overrides
from labkart.cli.runs import warn_of_edits
from labkart.language import local, translate
from labkart.records import query
from labkart.records.diff import Change
from labkart.records.record import ExperimentRecord
from labkart.records.states import describe_state
from labkart.results.compare import CodeChange, Comparison, compare_experiments
from labkart.results.runs import finite, format_cell
from labkart.table import Column

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def main(argv: list[str]) -> int:
    """Compare two experiments."""
    parser = ArgumentParser(
        "labkart compare", description=translate("Show what differs between two experiments.")
    )
    first = translate("the beginning of an experiment's id; labkart runs lists them")
    parser.add_argument("first", metavar="A", help=first)
    parser.add_argument("second", metavar="B", help=translate("the beginning of another one's id"))
    parser.add_argument("--json", action="store_true", help=translate("for programs"))
    args = overrides.parse(parser, argv)
    experiments = [query.find_experiment(id) for id in (args.first, args.second)]
    comparison = compare_experiments(*experiments)
    warn_of_edits(experiments)
    if args.json:
        console.write_raw(json.dumps(finite(comparison.as_dict()), ensure_ascii=False, indent=1))
    else:
        _show(comparison)
    return 0


def _show(comparison: Comparison) -> None:
    parts, titles = dict(comparison.parts), _titles()
    if all(repr(row.one) == repr(row.other) for row in parts["metrics"]):  # two NaN are equal here
        parts["metrics"] = []
    heads = [comparison.first.id[:8], comparison.second.id[:8]]
    others = _facts(comparison.second)
    facts = [Change(name, text, others[name]) for name, text in _facts(comparison.first).items()]
    _show_rows(translate("experiment"), facts, heads)
    for part in ("settings", "metrics"):
        _show_rows(titles[part], parts[part], heads, measured=part == "metrics")
    _show_rows(translate("seconds"), parts["tasks"], heads, measured=True)
    for part in ("data", "packages", "machine"):
        _show_rows(titles[part], parts[part], heads)
    _show_code(comparison.code, heads)
    equal = [title for part, title in titles.items() if not parts[part]]
    if not comparison.code.changed:
        differs = comparison.code.only_first or comparison.code.only_second
        equal.append(translate("code that both use") if differs else translate("code"))
    if comparison.shared:
        equal.append(translate("the runs of {tasks}", tasks=", ".join(comparison.shared)))
    if equal:
        console.say(translate("  the same: {parts}", parts=translate(", ").join(equal)))


def _titles() -> dict[str, str]:
    """The parts of which a person wants to know that they are the same, by their keys."""
    return {
        "settings": translate("settings"),
        "metrics": translate("metrics"),
        "data": translate("data"),
        "packages": translate("packages"),
        "machine": translate("machine"),
    }


def _facts(experiment: ExperimentRecord) -> dict[str, str]:
    commit = str(experiment.code.get("commit") or translate("none"))[:8]
    if experiment.code.get("dirty"):
        commit = translate("{commit} and changes", commit=commit)
    return {
        translate("started"): (experiment.started or "-")[:19].replace("T", " "),
        translate("status"): describe_state(experiment.status),
        translate("command"): experiment.command,
        translate("commit"): commit,
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
        columns.append(Column(translate("difference"), [_format_difference(row) for row in rows]))
    console.show_table(columns)
    console.say("")


def _show_code(code: CodeChange, heads: Sequence[str]) -> None:
    lines = list[str]()
    if code.changed:
        lines.append(
            translate("code that differs: {names}", names=", ".join(map(local, code.changed)))
        )
    for head, names in zip(heads, (code.only_first, code.only_second), strict=True):
        if names:
            only = translate("code that only {id} uses: {names}", id=head, names=", ".join(names))
            lines.append(only)
    if code.changed and code.diff is None:
        lines.append(translate("git does not have both states, so there is no diff."))
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
