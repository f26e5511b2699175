"""`labkart accept`: keep the results of earlier code after a change that does not matter."""

from labkart import console
from labkart.cli import overrides
from labkart.cli.status import show_statuses
from labkart.language import translate


def main(argv: list[str]) -> int:
    """Keep results under the ids of today's code, and show the status of the tasks."""
    parser = overrides.parser(
        "accept", translate("Keep the results of earlier code, if a change does not affect them.")
    )
    overrides.add_multirun(parser)
    args = overrides.parse(parser, argv)

    from labkart.experiments import accept

    if not args.multirun:
        show_statuses(accept.accept_changes([overrides.plan_experiment(args.overrides)]))
        return 0
    experiments = overrides.plan_sweep(args.overrides)
    statuses = accept.accept_changes(experiments)
    pending = [status for status in statuses if status.state != "done"]
    done = len(statuses) - len(pending)
    console.say(
        translate(
            "  {done} of {tasks} tasks of {experiments} experiments done",
            done=done,
            tasks=len(statuses),
            experiments=len(experiments),
        )
    )
    if pending:
        show_statuses(pending)
    return 0
