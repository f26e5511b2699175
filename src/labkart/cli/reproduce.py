"""`labkart reproduce`: run an experiment again from its record."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from labkart import console, project, signals
from labkart.cli import overrides
from labkart.language import translate
from labkart.records import query
from labkart.records.record import ExperimentRecord, TaskRun, read_task
from labkart.records.verdict import TOLERANCE


def main(argv: list[str]) -> int:
    """Reproduce experiments; 1 if a result differs or a part is missing."""
    args = overrides.parse(_parser(), argv)

    from labkart.results.reproduce import reproduce, tables
    from labkart.results.reproduce.missing import missing_parts

    os.chdir(project.current().root)
    options = reproduce.Options(args.tolerance, args.ignore, args.settings)
    table = tables.find_table(args.run, project.STARTED)
    experiments = table.experiments if table else [query.find_experiment(args.run)]
    if args.from_cache:
        missing = [missing_parts(experiment, args.settings) for experiment in experiments]
        for experiment, parts in zip(experiments, missing, strict=True):
            _show_parts(experiment, parts)
        return int(any(missing))
    signals.install_handlers()
    if table:
        return int(not reproduce.reproduce_table(table, options))
    return int(not reproduce.reproduce_experiment(experiments[0], options))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "labkart reproduce", description=translate("Run an experiment again from its record.")
    )
    add = parser.add_argument
    add(
        "run",
        help=translate(
            "the id of an experiment or of its MLflow run, or a table, such as reports/models.tex"
        ),
    )
    add(
        "settings",
        nargs="*",
        metavar="name=value",
        help=translate("settings that the record masks"),
    )
    tolerance = translate("relative tolerance of metrics (default: %(default)s)")
    add("--tolerance", type=float, default=TOLERANCE, help=tolerance)
    ignore = translate('do not compare this metric; patterns such as "*seconds" work too')
    add("--ignore", action="append", default=[], metavar="METRIC", help=ignore)
    from_cache = translate("run nothing; list what a reproduction needs and does not have")
    add("--from-cache", action="store_true", help=from_cache)
    return parser


def _show_parts(experiment: ExperimentRecord, missing: Sequence[str]) -> None:
    """Print each task with its time and whether its output is there, then what is missing."""
    console.say(f"{experiment.id[:6]}  {' '.join(experiment.overrides)}".rstrip())
    width = max((cell_len(task.label) for task in experiment.tasks), default=0)
    for task in experiment.tasks:
        cached, gone = translate("in the cache"), translate("no longer in the cache")
        place = cached if _is_cached(task) else gone
        label = set_cell_size(task.label, width)
        time = translate("{seconds:>6.1f} s", seconds=task.seconds)
        console.say(f"  {label}   {time}   {place}")
    for part in missing:
        console.say(translate("  missing: {part}", part=part), "red")
    if not missing:
        again = console.command(f"reproduce {experiment.id[:6]}")
        console.say(f"  {translate('nothing is missing')}  ·  {again}")


def _is_cached(task: TaskRun) -> bool:
    record = read_task(task.name, task.id)
    return record is not None and record.status == "done" and not record.damage()
