"""`labkart status`: which tasks of an experiment are done, missing or changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkart import console
from labkart.cli import overrides

if TYPE_CHECKING:
    from labkart.experiments.status import TaskStatus

STYLES = {"done": "dim", "missing": "yellow", "changed": "red"}
_WIDEST_REASON = 60  # the times of longer reasons stand further right


def main(argv: list[str]) -> int:
    """Show the status of an experiment's tasks."""
    parser = overrides.parser(
        "status", "Which tasks are done, missing or changed; why, and what they will cost."
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    args = overrides.parse(parser, argv)
    experiment = overrides.plan_experiment(args.overrides)

    from labkart.experiments import status

    statuses = status.statuses(experiment)
    if args.json:
        console.write_raw(status.as_json(experiment, statuses))
    else:
        show_statuses(statuses)
    return 0


def show_statuses(statuses: Sequence["TaskStatus"]) -> None:
    """Print a line per task with its state, the reason and the cost, and a line for all of them."""
    width = max(len(status.label) for status in statuses)
    reason_width = min(max(len(status.reason) for status in statuses), _WIDEST_REASON)
    for status in statuses:
        label = f"{status.label:<{width}}"
        reason = f"{status.reason:<{reason_width}}"
        line = f"  {label}   {status.state:<7}   {reason}{_format_cost(status)}".rstrip()
        console.say(line, STYLES[status.state])
    console.say(f"  {_summary(statuses)}")


def _format_cost(status: "TaskStatus") -> str:
    if status.state == "done" or status.seconds is None:
        return ""
    return f"   about {status.seconds:.1f} s"


def _summary(statuses: Sequence["TaskStatus"]) -> str:
    pending = [status for status in statuses if status.state != "done"]
    if not pending:
        return f"{len(statuses)} tasks done"
    seconds = [status.seconds for status in pending if status.seconds is not None]
    cost = f", about {sum(seconds):.1f} s" if seconds else ""
    return f"{len(pending)} of {len(statuses)} tasks to run{cost}"
