"""`labkart accept`: keep the results of earlier code after a change that does not matter."""

import os

from labkart import console, project
from labkart.cli import overrides
from labkart.cli.status import show_statuses


def main(argv: list[str]) -> int:
    """Keep results under the ids of today's code, and show the status of the tasks."""
    parser = overrides.parser(
        "accept", "Keep the results of earlier code: a change does not matter."
    )
    multirun = "for every combination, as in labkart run -m"
    parser.add_argument("-m", "--multirun", action="store_true", help=multirun)
    args = overrides.parse(parser, argv)

    from labkart.experiments import accept

    if not args.multirun:
        show_statuses(accept.accept_changes([overrides.plan_experiment(args.overrides)]))
        return 0
    os.chdir(project.current().root)
    experiment_count, statuses = accept.accept_sweep(argv)
    pending = [status for status in statuses if status.state != "done"]
    done = len(statuses) - len(pending)
    console.say(f"  {done} of {len(statuses)} tasks of {experiment_count} experiments done")
    if pending:
        show_statuses(pending)
    return 0
