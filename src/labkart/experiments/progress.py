"""What a person sees while tasks run: lines as they end, and a bar on a terminal."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

from rich import progress
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from labkart.console import say, stdout
from labkart.language import translate
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.records.states import describe_state
from labkart.records.study import Study, Trial
from labkart.tasks.context import context

DESCRIPTION = "{task.description}"


class ProgressListener(Protocol):
    """Follows the tasks of experiments: first all of them, and then what starts and ends."""

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        """All tasks, each once."""

    def started(self, task_run: TaskRun) -> None:
        """A task has begun."""

    def failed(self, task_run: TaskRun, error: str) -> None:
        """A run of a task has failed, and it runs again."""

    def ended(self, task_run: TaskRun) -> None:
        """A task has ended; its state says how."""

    def warn(self, text: str) -> None:
        """Something that a person should know, such as what a task waits for."""

    def beat(self) -> None:
        """Comes at least every second or so."""


class TrialListener(ProgressListener):
    """Follows the trials of a search, of all its processes, and the tasks of this one's trials."""

    def begin(
        self, objectives: Sequence[str], n_trials: int, done: int, look: Callable[[], None]
    ) -> None:
        """There are to be so many trials, of which some have ended before.

        Every `beat` then calls `look`, which tells of trials that have ended elsewhere.
        """

    def trial_ended(self, trial: Trial) -> None:
        """A trial has ended; its state says how."""

    def finished(self, study: Any, record: Study) -> None:
        """Optuna's study has all its trials; its record is written next."""


class ProgressBar(ProgressListener):
    """A bar on a terminal, nothing elsewhere: the part that all kinds of progress share.

    Args:
        *columns: rich's columns.
        has_thread: whether a thread may draw it; not where processes are forked, for a thread
            that holds the terminal's lock meanwhile would block the new process for ever.
    """

    def __init__(self, *columns: progress.ProgressColumn, has_thread: bool) -> None:
        self._bar = progress.Progress(
            *columns,
            console=stdout,
            transient=True,
            auto_refresh=has_thread,
            disable=context.is_debugging or not stdout.is_terminal,
        )
        self._warnings = set[str]()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def failed(self, task_run: TaskRun, error: str) -> None:
        """Show why a task runs again."""
        say(_describe_failure(task_run, error), "yellow")

    def warn(self, text: str) -> None:
        """Show a sentence, once."""
        if text not in self._warnings:
            self._warnings.add(text)
            say(f"  {text}", "yellow")

    def beat(self) -> None:
        """Draw the bar again, where no thread does it."""
        self._bar.refresh()

    def _show(self, total: int, done: int = 0) -> None:
        self._row = self._bar.add_task("", total=total, completed=done)


class _TaskProgress(ProgressBar):
    """A bar with the tasks that run, and how many of those that are not cached have ended."""

    def __init__(self, *columns: progress.ProgressColumn) -> None:
        super().__init__(*columns, has_thread=False)
        self._running: list[str] = []
        self._failed = ""

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        self._show(sum(task_run.state != "cached" for task_run in task_runs))

    def started(self, task_run: TaskRun) -> None:
        self._running.append(task_run.label)
        self._update()

    def ended(self, task_run: TaskRun) -> None:
        self._running.remove(task_run.label)
        self._update(advance=1)

    def _update(self, advance: int = 0) -> None:
        running = ", ".join(self._running)
        self._bar.update(self._row, advance=advance, description=self._failed + running)


class ExperimentProgress(_TaskProgress):
    """One experiment: a line per task as it ends; on a terminal also what runs, and the rest."""

    def __init__(self) -> None:
        super().__init__(*experiment_columns())
        self._width = 0  # of the labels, once they are known

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        """Show the tasks that are cached."""
        self._width = max(cell_len(task_run.label) for task_run in task_runs) + 3
        for task_run in task_runs:
            if task_run.state == "cached":
                self._line(task_run, describe_state("cached"), "dim")
        super().planned(task_runs)

    def ended(self, task_run: TaskRun) -> None:
        """Show how a task ended."""
        super().ended(task_run)
        state = task_run.state
        text = describe_state(state)
        if state == "ran":
            text = translate("{seconds:.1f} s", seconds=task_run.seconds)
        self._line(task_run, text, {"ran": "", "cached": "dim"}.get(state, "red"))

    def show_rest(self, task_runs: Sequence[TaskRun]) -> None:
        """After the build, if there was one: show the tasks that never ended."""
        for task_run in task_runs:
            if self._width and task_run.state == "not run":
                state = "stopped" if task_run.label in self._running else "not run"
                self._line(task_run, describe_state(state), "yellow")

    def _line(self, task_run: TaskRun, text: str, style: str) -> None:
        label = set_cell_size(task_run.label, self._width)
        stdout.print(f"  {label}{text}", style=style, markup=False)


class SweepProgress(_TaskProgress):
    """Many experiments: one line with what runs, how much is done and the time left."""

    def __init__(self) -> None:
        rest = progress.MofNCompleteColumn(), progress.TimeRemainingColumn()
        description = progress.TextColumn(f"  {DESCRIPTION}")
        super().__init__(description, progress.BarColumn(24), *rest)
        self._failures = Counter[str]()

    def ended(self, task_run: TaskRun) -> None:
        """Count a task that ended; each kind of failure gets a line, once."""
        if task_run.state == "failed":
            text = _describe_failure(task_run, task_run.error)
            if text not in self._failures:
                say(text, "red")
            self._failures[text] += 1
            self._failed = translate("{count} failed   ", count=self._failures.total())
        super().ended(task_run)


class ClusterProgress(ProgressBar):
    """Jobs of a cluster: one line with how many have ended, and the states of the others."""

    def __init__(self, jobs: int, states: Mapping[int, str]) -> None:
        super().__init__(_StatesColumn(states), *_bar_columns(), has_thread=True)
        self._show(jobs)

    def job_ended(self, record: ExperimentRecord) -> None:
        """Count a job that ended; one that failed gets a line."""
        if record.status != "finished":
            state = describe_state(record.status)
            say(f"  {' '.join(record.overrides)} {state}: {record.error}", "red")
        self._bar.update(self._row, advance=1)


class _StatesColumn(progress.ProgressColumn):
    """How many jobs run, wait, and so on."""

    def __init__(self, states: Mapping[int, str]) -> None:
        super().__init__()
        self._states = states

    def render(self, task: progress.Task) -> Text:  # noqa: ARG002 (rich's interface)
        counts = Counter(state.partition(":")[0] for state in list(self._states.values()))
        return Text("  " + ", ".join(f"{count} {state}" for state, count in counts.items()))


def _describe_failure(task_run: TaskRun, error: str | None) -> str:
    return translate("  {label} failed: {error}", label=task_run.label, error=error)


def experiment_columns() -> list[progress.ProgressColumn]:
    """The bar of one experiment, or of the trials of a search."""
    return [progress.SpinnerColumn(), progress.TextColumn(DESCRIPTION), *_bar_columns()]


def _bar_columns() -> tuple[progress.ProgressColumn, ...]:
    return progress.BarColumn(24), progress.MofNCompleteColumn(), progress.TimeElapsedColumn()
