"""`labkart runs`: a table of experiments."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from labkart import console
from labkart.cli.edits import warn_of_edits
from labkart.errors import LabkartError
from labkart.records.condition import Condition
from labkart.records.query import Selection, unmet_condition
from labkart.records.record import read_experiments
from labkart.results.runs import Listing, as_json, sort_experiments, write_csv

_MOST_ROWS = 20  # that a person reads
_STYLES = {
    "failed": "red",
    "stopped": "yellow",
    "killed": "yellow",
    "running": "cyan",
    "pruned": "dim",
    "planned": "dim",
}
_SELECTIONS = {
    "sweep": "of this sweep (the beginning of its id)",
    "study": "of this search's study",
    "tag": "with this tag",
    "commit": "of this commit (the beginning of it)",
    "since": "that started on this day or later (2026-11-25)",
    "until": "that started on this day or before",
}


def main(argv: list[str]) -> int:
    """List experiments."""
    args = _parser().parse_intermixed_args(_join_sort(argv))
    if args.n is not None and args.n < 1:
        raise LabkartError(f"-n must be a positive integer, got {args.n}; --all shows all.")
    conditions = [Condition.of(text) for text in args.conditions]
    selection = Selection(conditions, **{name: getattr(args, name) for name in _SELECTIONS})
    experiments = sort_experiments(selection.summaries(), args.sort, reverse=args.reverse)
    shows_all = args.all or args.json or args.csv
    shown = experiments[: args.n or (None if shows_all else _MOST_ROWS)]
    warn_of_edits(shown)
    if args.json:
        console.write_raw(as_json(shown))
    elif args.csv:
        write_csv(shown, sys.stdout)
    elif not experiments:
        console.say(f"  {unmet_condition(conditions) or _explain_empty()}")
    else:
        _show(Listing(shown, _requested(conditions, args.sort)), len(experiments) - len(shown))
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("labkart runs", description="List experiments, newest first.")
    add = parser.add_argument
    conditions = "also with !=, < and >, in quotes: 'accuracy>0.9'"
    add("conditions", nargs="*", metavar="name=value", help=conditions)
    for name, meaning in _SELECTIONS.items():
        add(f"--{name}", metavar=name.upper(), help=meaning)
    sort = "sort by a setting or metric; -NAME: largest first"
    add("--sort", default="started", metavar="NAME", help=sort)
    add("--reverse", action="store_true", help="reverse the order")
    add("-n", type=int, help=f"the number of rows ({_MOST_ROWS})")
    add("--all", action="store_true", help="all rows")
    add("--json", action="store_true", help="all values, for programs")
    add("--csv", action="store_true", help="all values, as a table")
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
    return list(dict.fromkeys([sort.removeprefix("-"), *free]))


def _explain_empty() -> str:
    if read_experiments(most=1):
        return f"No experiment matches; {console.command('runs')} lists all."
    return f"No experiments yet; {console.command('run')} makes the first."


def _show(listing: Listing, more: int) -> None:
    styles = [_STYLES.get(experiment.status, "") for experiment in listing.experiments]
    omitted = console.show_table(listing.columns(), row_styles=styles) + listing.omitted_metrics
    if more:
        console.say(f"  ... and {more:,} more (--all shows them)", "dim")
    if omitted:
        console.say(f"  {omitted} more column{'s' if omitted > 1 else ''} with --csv", "dim")
