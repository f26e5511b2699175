"""`labkart search`: run the trials of a search, and show the best."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from rich.cells import set_cell_size

from labkart import console, project
from labkart.cli import overrides
from labkart.experiments.progress import ProgressBar, TrialListener, experiment_columns
from labkart.experiments.search.search import search
from labkart.language import mistake, translate
from labkart.records.record import TaskRun
from labkart.records.states import describe_state
from labkart.records.study import Study, Trial
from labkart.results import study_figures
from labkart.table import Column

_MOST_BEST = 5  # of the best trials; of a Pareto front more
_MOST_OF_FRONT = 20
_DIGITS = 6  # longer values are shown rounded


def main(argv: list[str]) -> int:
    """Run trials until there are as many as the arguments ask for.

    Raises:
        LabkartError: it cannot begin or go on, or no trial finished; the message says why.
    """
    args = parse(argv)
    with SearchProgress() as progress:
        study = search(args.overrides, progress, args.n, args.workers, fail_fast=args.fail_fast)
    show(study, args.overrides)
    return 0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments of the command.

    Raises:
        LabkartError: a number is not positive.
    """
    parser = argparse.ArgumentParser(
        "labkart search", description=translate("Try settings, and show which are the best.")
    )
    add = parser.add_argument
    add(
        "-n",
        metavar="TRIALS",
        help=translate("number of trials in all (default: that of the search's file)"),
    )
    add("--workers", default="1", metavar="N", help=translate("number of trials at once (1)"))
    add("--fail-fast", action="store_true", help=translate("end when a trial fails"))
    settings = translate("search=forest, and settings for every trial")
    add("overrides", nargs="*", metavar="name=value", help=settings)
    args = overrides.parse(parser, argv)
    args.n = overrides.read_count("-n", args.n) if args.n else None
    args.workers = overrides.read_count("--workers", args.workers)
    return args


class SearchProgress(ProgressBar, TrialListener):
    """A line per trial as it ends; on a terminal also what runs now, and how much is left."""

    def __init__(self) -> None:
        super().__init__(*experiment_columns(), has_thread=False)

    def begin(
        self, objectives: Sequence[str], n_trials: int, done: int, look: Callable[[], None]
    ) -> None:
        """Show how many trials there are to be, and how many have ended before."""
        self._show(n_trials, done)
        self._objectives, self._width = objectives, len(str(n_trials)) + 8
        self._look = look

    def beat(self) -> None:
        """Show what has ended meanwhile."""
        self._look()
        super().beat()

    def started(self, task_run: TaskRun) -> None:
        """Show that a task runs."""
        self._bar.update(self._row, description=task_run.label)

    def trial_ended(self, trial: Trial) -> None:
        """Show how a trial ended."""
        time = translate("{seconds:.1f} s", seconds=trial.seconds)
        cost = time if trial.seconds else describe_state("cached")
        name = translate("trial {number}", number=trial.number)
        start = f"  {set_cell_size(name, self._width)}"
        overrides = " ".join(map(_shortened, trial.words))
        if trial.state == "complete":
            values = zip(self._objectives, trial.values or (), strict=False)
            numbers = (f"{name} {console.format_number(value)}" for name, value in values)
            console.say(f"{start}{'   '.join(numbers)}   {overrides}   {cost}")
        elif trial.state == "pruned":
            console.say(f"{start}{trial.error}   {overrides}   {cost}", "dim")
        else:
            state = describe_state(trial.state)
            console.say(f"{start}{state}   {overrides}   {trial.error}", "red")
        self._bar.update(self._row, advance=1, description="", refresh=True)

    def finished(self, study: Any, record: Study) -> None:
        """Draw the study."""
        study_figures.write(study, list(record.objectives), record.figures)


def show(study: Study, overrides: Sequence[str]) -> None:
    """Show the best trials, how to run the best one again, and where to look further.

    Args:
        study: with its trials.
        overrides: those of the command.

    Raises:
        LabkartError: no trial finished successfully.
    """
    has_front = len(study.objectives) > 1
    console.say(f"  {_summary(study, has_front)}")
    if not study.best:
        error = next((trial.error for trial in study.trials if trial.error), "")
        raise mistake(
            "No trial finished successfully, so there is no best one. The first one: {error}",
            error=error,
        )
    by_number = {trial.number: trial for trial in study.trials}
    count = _MOST_OF_FRONT if has_front else _MOST_BEST
    best = [by_number[number] for number in study.best[:count]]
    console.show_table(_columns(study, best))
    again = console.command(" ".join(["run", *overrides, *best[0].words]))
    if has_front and len(best) > 1:
        console.say(translate("  the first one again: {command}", command=again))
    else:
        console.say(translate("  the best one again: {command}", command=again))
    figures = ""
    if any(study.figures.glob("*.png")):
        figures = f"{project.current().short(study.figures)}/  ·  "
    name = translate("study {name}", name=study.name)
    console.say(f"  {figures}{name}  ·  {console.command('ui')}")


def _summary(study: Study, has_front: bool) -> str:
    counts = {
        state: sum(trial.state == state for trial in study.trials)
        for state in ("complete", "pruned", "failed")
    }
    parts = [
        translate(
            "{complete} of {all} trials complete",
            complete=counts["complete"],
            all=len(study.trials),
        )
    ]
    if counts["pruned"]:
        parts.append(translate("{count} stopped early", count=counts["pruned"]))
    if counts["failed"]:
        parts.append(translate("{count} failed", count=counts["failed"]))
    summary = translate(", ").join(parts)
    if not has_front:
        return summary
    return translate(
        "{summary}; {count} of them no other one beats in everything",
        summary=summary,
        count=len(study.best),
    )


def _columns(study: Study, trials: Sequence[Trial]) -> list[Column]:
    columns = [Column(translate("trial"), [str(trial.number) for trial in trials])]
    for position, name in enumerate(study.objectives):
        numbers = [trial.values[position] if trial.values else None for trial in trials]
        columns.append(Column(name, list(map(console.format_number, numbers))))
    # A parameter may exist only beside certain values of others.
    settings = [dict(_shortened(word).split("=", 1) for word in trial.words) for trial in trials]
    for rank, name in enumerate(dict.fromkeys(chain.from_iterable(settings)), start=1):
        columns.append(Column(name, [values.get(name, "") for values in settings], rank))
    return columns


def _shortened(override: str) -> str:
    """An override with no more digits than a person compares; in a command it keeps all."""
    name, _, value = override.partition("=")
    with suppress(ValueError):
        return f"{name}={float(value):.4g}" if len(value) > _DIGITS else override
    return override
