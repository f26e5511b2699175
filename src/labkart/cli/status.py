"""`labkart status`: which tasks of an experiment are done, missing or changed."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from labkart import console
from labkart.cli import overrides
from labkart.language import translate
from labkart.records.states import describe_state

if TYPE_CHECKING:
    from labkart.experiments.plan import Experiment
    from labkart.experiments.status import TaskStatus

STYLES = {"done": "dim", "missing": "yellow", "changed": "red"}
_MOST_EXPERIMENTS = 20  # that a person reads
_WIDEST_REASON = 60  # the times of longer reasons stand further right


def main(argv: list[str]) -> int:
    """Show the status of an experiment's tasks, or of the experiments of a sweep."""
    parser = overrides.parser(
        "status",
        translate("Show which tasks are done, missing or changed, why, and how long they take."),
    )
    parser.add_argument("--json", action="store_true", help=translate("for programs"))
    overrides.add_multirun(parser)
    args = overrides.parse(parser, argv)
    if args.multirun:
        return _show_sweep(overrides.plan_sweep(args.overrides), as_json=args.json)
    experiment = overrides.plan_experiment(args.overrides)

    from labkart.experiments import repetition, status

    if args.json:
        _write_json(status.describe(experiment))
    else:
        show_statuses(status.statuses(experiment))
    repetition.confirm(experiment)
    return 0


def _show_sweep(experiments: Sequence["Experiment"], *, as_json: bool) -> int:
    """Print a line per experiment that is not done, and a line for all tasks."""
    from labkart.experiments import status

    reader = status.StatusReader()
    if as_json:
        _write_json([status.describe(plan, reader) for plan in experiments])
        return 0
    sweep = [(plan, status.statuses(plan, reader)) for plan in experiments]
    pending = [(plan, statuses) for plan, statuses in sweep if plan.missing]
    words = [" ".join(plan.composed.overrides) for plan, _ in pending[:_MOST_EXPERIMENTS]]
    width = max(map(cell_len, words), default=0)
    for word, (_, statuses) in zip(words, pending, strict=False):
        console.say(f"  {set_cell_size(word, width)}   {_summary(statuses)}")
    if len(pending) > _MOST_EXPERIMENTS:
        more = len(pending) - _MOST_EXPERIMENTS
        console.say(translate("  ... and {more} more", more=more), "dim")
    # Those that are not done come last: a task that one experiment does not need counts as done.
    shared = sorted(chain.from_iterable(statuses for _, statuses in sweep), key=_is_pending)
    tasks = {status.task.make_unique_id(): status for status in shared}
    summary = _summary(list(tasks.values()))
    console.say(translate("  {count} experiments: {summary}", count=len(sweep), summary=summary))
    return 0


def _write_json(description: object) -> None:
    console.write_raw(json.dumps(description, ensure_ascii=False, indent=1))


def show_statuses(statuses: Sequence["TaskStatus"]) -> None:
    """Print a line per task with its state, the reason and the cost, and a line for all of them."""
    names = {state: describe_state(state) for state in STYLES}
    width = max(cell_len(status.label) for status in statuses)
    state_width = max(map(cell_len, names.values()))
    reason_width = min(max(cell_len(status.reason) for status in statuses), _WIDEST_REASON)
    for status in statuses:
        label = set_cell_size(status.label, width)
        state = set_cell_size(names[status.state], state_width)
        reason = set_cell_size(status.reason, max(reason_width, cell_len(status.reason)))
        line = f"  {label}   {state}   {reason}{_format_cost(status)}".rstrip()
        console.say(line, STYLES[status.state])
    console.say(f"  {_summary(statuses)}")


def _format_cost(status: "TaskStatus") -> str:
    if status.state == "done" or status.seconds is None:
        return ""
    return f"   {translate('about {seconds:.1f} s', seconds=status.seconds)}"


def _summary(statuses: Sequence["TaskStatus"]) -> str:
    pending = list(filter(_is_pending, statuses))
    if not pending:
        return translate("{count} tasks done", count=len(statuses))
    counts = {"pending": len(pending), "all": len(statuses)}
    seconds = [status.seconds for status in pending if status.seconds is not None]
    if not seconds:
        return translate("{pending} of {all} tasks to run", **counts)
    return translate(
        "{pending} of {all} tasks to run, about {seconds:.1f} s", **counts, seconds=sum(seconds)
    )


def _is_pending(status: "TaskStatus") -> bool:
    return status.state != "done"
