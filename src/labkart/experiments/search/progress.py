"""What a person sees of a search: a line per trial, a bar, and in the end the best trials.

Decides nothing.
"""

from collections.abc import Sequence
from contextlib import suppress

from labkart import console, project
from labkart.experiments.progress import ProgressBar, experiment_columns
from labkart.records.record import TaskRun
from labkart.records.study import Study, Trial

_MOST_BEST = 5  # of the best trials; of a Pareto front more
_MOST_OF_FRONT = 20
_DIGITS = 6  # longer values are shown rounded


class SearchProgress(ProgressBar):
    """A line per trial as it ends; on a terminal also what runs now, and how much is left."""

    def __init__(self, objectives: Sequence[str], most: int, done: int) -> None:
        super().__init__(*experiment_columns(), has_thread=False)
        self._show(most, done)
        self._objectives, self._width = objectives, len(str(most)) + 8

    def trial_ended(self, trial: Trial, seconds: float) -> None:
        """Show a trial that has ended.

        Args:
            trial: with its state.
            seconds: how long its tasks took; 0 if all of them were cached.
        """
        cost = f"{seconds:.1f} s" if seconds else "cached"
        start = f"  {f'trial {trial.number}':<{self._width}}"
        overrides = " ".join(map(_shortened, trial.words))
        if trial.state == "complete":
            console.say(f"{start}{format_values(self._objectives, trial)}   {overrides}   {cost}")
        elif trial.state == "pruned":
            console.say(f"{start}{trial.error or 'pruned'}   {overrides}   {cost}", "dim")
        else:
            console.say(f"{start}failed   {overrides}   {trial.error}", "red")
        self._bar.update(self._row, advance=1, description="")
        self.beat()

    def started(self, task_run: TaskRun) -> None:
        """Show that a task runs."""
        self._bar.update(self._row, description=task_run.label)


def format_values(objectives: Sequence[str], trial: Trial) -> str:
    """A trial's objectives, each with its value."""
    pairs = zip(objectives, trial.values or (), strict=False)
    return "   ".join(f"{name} {console.format_number(value)}" for name, value in pairs)


def _shortened(override: str) -> str:
    """An override with no more digits than a person compares; in a command it keeps all."""
    name, _, value = override.partition("=")
    with suppress(ValueError):
        return f"{name}={float(value):.4g}" if len(value) > _DIGITS else override
    return override


def show_study(study: Study, command: str) -> None:
    """Show the best trials, how to run the best one again, and where to look further.

    Args:
        study: with its trials.
        command: what runs the best trial again.
    """
    has_front = len(study.objectives) > 1
    console.say(f"  {_summary(study, has_front)}")
    by_number = {trial.number: trial for trial in study.trials}
    count = _MOST_OF_FRONT if has_front else _MOST_BEST
    best = [by_number[number] for number in study.best[:count]]
    if not best:
        return
    _show_trials(study, best)
    rank = "first" if has_front and len(best) > 1 else "best"
    console.say(f"  the {rank} one again: {console.command(command)}")
    figures = ""
    if any(study.figures.glob("*.png")):
        figures = f"{project.current().short(study.figures)}/  ·  "
    console.say(f"  {figures}study {study.name}  ·  {console.command('ui')}")


def _summary(study: Study, has_front: bool) -> str:
    counts = {
        state: sum(trial.state == state for trial in study.trials)
        for state in ("complete", "pruned", "failed")
    }
    others = "".join(
        f", {counts[state]} {state}" for state in ("pruned", "failed") if counts[state]
    )
    front = f"; {len(study.best)} of them no other one beats in everything" if has_front else ""
    return f"{counts['complete']} of {len(study.trials)} trials complete{others}{front}"


def _show_trials(study: Study, trials: Sequence[Trial]) -> None:
    settings = [override.partition("=")[0] for override in trials[0].words]
    rows = [["trial", *study.objectives, *settings]]
    for trial in trials:
        values = map(console.format_number, trial.values or ())
        texts = (_shortened(override).partition("=")[2] for override in trial.words)
        rows.append([str(trial.number), *values, *texts])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        console.say(f"  {'   '.join(cells).rstrip()}", "" if number else "dim")
