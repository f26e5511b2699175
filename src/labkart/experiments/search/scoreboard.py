"""What a person sees of a search: a line a trial, how far it is, and in the end the best trials. Decides nothing."""

from collections.abc import Sequence
from contextlib import suppress

from labkart import console, project
from labkart.experiments.progress import ProgressBar, experiment_columns
from labkart.records.record import TaskRun
from labkart.records.study import Study, Trial

_MOST = 5  # of the best trials; of a Pareto front more
_MOST_OF_A_FRONT = 20


class SearchProgress(ProgressBar):
    """A line per trial as it ends; on a terminal also what runs now, and how much is left."""

    def __init__(self, objectives: Sequence[str], most: int, done: int) -> None:
        super().__init__(*experiment_columns(), has_thread=False)
        self._show(most, done)
        self._objectives, self._width = objectives, len(str(most)) + 8

    def told(self, trial: Trial, seconds: float) -> None:
        """A trial has ended, after so many seconds of tasks; none where all of them were cached."""
        took = f"{seconds:.1f} s" if seconds else "cached"
        start = f"  {f'trial {trial.number}':<{self._width}}"
        words = " ".join(map(_short, trial.words))
        if trial.state == "complete":
            console.say(f"{start}{values(self._objectives, trial)}   {words}   {took}")
        elif trial.state == "pruned":
            console.say(f"{start}{trial.error or 'pruned'}   {words}   {took}", "dim")
        else:
            console.say(f"{start}failed   {words}   {trial.error}", "red")
        self._bar.update(self._row, advance=1, description="")
        self.beat()

    def started(self, task_run: TaskRun) -> None:
        """Show that a task runs."""
        self._bar.update(self._row, description=task_run.label)


def values(objectives: Sequence[str], trial: Trial) -> str:
    """A trial's objectives, each with its value."""
    pairs = zip(objectives, trial.values or (), strict=False)
    return "   ".join(f"{name} {console.format_number(value)}" for name, value in pairs)


def _short(word: str) -> str:
    """A word with no more digits than a person compares; in a command it keeps all."""
    name, _, value = word.partition("=")
    with suppress(ValueError):
        return f"{name}={float(value):.4g}" if len(value) > 6 else word
    return word


def show(study: Study, command: str) -> None:
    """The closing table: the best trials, how to run the best one again, and where to look further."""
    several = len(study.objectives) > 1
    by_number = {trial.number: trial for trial in study.trials}
    best = [by_number[number] for number in study.best[: _MOST_OF_A_FRONT if several else _MOST]]
    counts = {
        state: sum(trial.state == state for trial in study.trials)
        for state in ("complete", "pruned", "failed")
    }
    rest = "".join(
        f", {count} {state}" for state, count in counts.items() if count and state != "complete"
    )
    front = f"; {len(study.best)} of them no other one beats in everything" if several else ""
    console.say(f"  {counts['complete']} of {len(study.trials)} trials complete{rest}{front}")
    if not best:
        return
    head = ["trial", *study.objectives, *(word.partition("=")[0] for word in best[0].words)]
    rows = [
        [
            str(each.number),
            *map(console.format_number, each.values or ()),
            *(_short(word).partition("=")[2] for word in each.words),
        ]
        for each in best
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for count, row in enumerate([head, *rows]):
        line = "   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        console.say(f"  {line.rstrip()}", "" if count else "dim")
    if not several or len(best) == 1:
        console.say(f"  the best one again: {console.command(command)}")
    else:
        console.say(f"  the first one again: {console.command(command)}")
    figures = (
        f"{project.current().short(study.figures)}/  ·  "
        if any(study.figures.glob("*.png"))
        else ""
    )
    console.say(f"  {figures}study {study.name}  ·  {console.command('ui')}")
