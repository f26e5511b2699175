"""`labkart runs`: a table of experiments."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from labkart import console
from labkart.cli import overrides
from labkart.language import translate, translate_count
from labkart.records import summaries
from labkart.records.condition import Condition
from labkart.records.query import Selection, unmet_condition
from labkart.records.record import ExperimentRecord, read_experiments
from labkart.records.values import parse_fact
from labkart.results.runs import Listing, as_json, sort_experiments, write_csv
from labkart.wording import listed

_MOST_ROWS = 20  # that a person reads
_MOST_EDITS = 3
_STYLES = {
    "failed": "red",
    "stopped": "yellow",
    "killed": "yellow",
    "running": "cyan",
    "pruned": "dim",
    "planned": "dim",
}
_SELECTIONS = ("sweep", "study", "tag", "commit", "since", "until")
_METAVARS = {"sweep": "ID", "since": "DAY", "until": "DAY"}


def main(argv: list[str]) -> int:
    """List experiments."""
    args = overrides.parse(_parser(), _join_sort(argv))
    most = overrides.read_count("-n", args.n) if args.n else None
    conditions = [Condition.of(text) for text in args.conditions]
    selection = Selection(conditions, **{name: getattr(args, name) for name in _SELECTIONS})
    experiments = sort_experiments(selection.summaries(), args.sort)
    shows_all = args.all or args.json or args.csv
    shown = experiments[: most or (None if shows_all else _MOST_ROWS)]
    warn_of_edits(shown)
    if args.json:
        console.write_raw(as_json(shown))
    elif args.csv:
        write_csv(shown, sys.stdout)
    elif not experiments:
        console.say(f"  {unmet_condition(conditions) or _explain_empty()}")
    else:
        _show(Listing(shown, _requested(conditions, args.sort)), len(experiments) - len(shown))
    if damaged := summaries.damaged():
        console.warn(translate("  records that cannot be read: {ids}", ids=listed(damaged)))
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "labkart runs", description=translate("List experiments, newest first.")
    )
    add = parser.add_argument
    conditions = translate("also with !=, < and >, in quotes: 'accuracy>0.9'")
    add("conditions", nargs="*", metavar="name=value", help=conditions)
    selections = (
        translate("experiments of this sweep (the beginning of its id)"),
        translate("experiments of this study"),
        translate("experiments with this tag"),
        translate("experiments of this commit (the beginning of its id)"),
        translate("experiments that started on this day or later (2026-11-25)"),
        translate("experiments that started on this day or before"),
    )
    for name, meaning in zip(_SELECTIONS, selections, strict=True):
        add(f"--{name}", metavar=_METAVARS.get(name), help=meaning)
    sort = translate("sort by a setting or metric; -NAME: largest first")
    add("--sort", default="started", metavar="NAME", help=sort)
    add("-n", help=translate("the number of rows ({number})", number=_MOST_ROWS))
    add("--all", action="store_true", help=translate("all rows"))
    add("--json", action="store_true", help=translate("all values, for programs"))
    add("--csv", action="store_true", help=translate("all values, as a table"))
    return parser


def _join_sort(argv: Sequence[str]) -> list[str]:
    """Join `--sort -accuracy`: argparse would take the second for an option."""
    joined = list[str]()
    for argument in argv:
        if joined and joined[-1] == "--sort":
            joined[-1] = f"--sort={argument}"
        else:
            joined.append(argument)
    return joined


def _requested(conditions: Sequence[Condition], sort: str) -> list[str]:
    """The names that a person wants to see: what sorts, and what conditions do not fix."""
    free = [condition.name for condition in conditions if condition.sign != "="]
    return list(dict.fromkeys([parse_fact(sort.removeprefix("-")), *free]))


def _explain_empty() -> str:
    if read_experiments(most=1):
        command = console.command("runs")
        return translate("No experiment matches; {command} lists all.", command=command)
    command = console.command("run")
    return translate("No experiments yet; {command} makes the first.", command=command)


def _show(listing: Listing, more: int) -> None:
    styles = [_STYLES.get(experiment.status, "") for experiment in listing.experiments]
    omitted = console.show_table(listing.columns(), row_styles=styles) + listing.omitted_metrics
    if more:
        console.say(translate("  ... and {more:,} more (--all shows them)", more=more), "dim")
    if omitted:
        text = translate_count(
            "  {count} more column with --csv", "  {count} more columns with --csv", omitted
        )
        console.say(text, "dim")


def warn_of_edits(experiments: Sequence[ExperimentRecord]) -> None:
    """Name the experiments whose records are not as Labkart wrote them, and what to do."""
    edited = [experiment for experiment in experiments if experiment.edited]
    for experiment in edited[:_MOST_EDITS]:
        console.warn(
            translate(
                "  the record of {id} was edited: its values are not those that were "
                "logged. {command} writes it again",
                id=experiment.id[:8],
                command=experiment.command,
            )
        )
    if len(edited) > _MOST_EDITS:
        more = len(edited) - _MOST_EDITS
        console.warn(translate("  and {more} more records were edited", more=more))
