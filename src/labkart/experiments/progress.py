"""What a person sees while tasks run: lines as they end, and a bar on a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from labkart.console import say, stdout
from labkart.records.record import ExperimentRecord, TaskRun

DESCRIPTION = "{task.description}"


class ProgressBar:
    """A bar on a terminal, nothing elsewhere: the part that all kinds of progress share.

    Follows tasks as a `ProgressListener`, so that a kind of progress only has what it shows.
    """

    def __init__(self, *columns: ProgressColumn, has_thread: bool) -> None:
        """Lay out the bar.

        Args:
            *columns: rich's columns.
            has_thread: whether a thread may draw it; not where processes are forked, for a thread
                that holds the terminal's lock meanwhile would block the new process for ever.
        """
        self._bar = Progress(
            *columns,
            console=stdout,
            transient=True,
            auto_refresh=has_thread,
            disable=not stdout.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        """All tasks that there are."""

    def started(self, task_run: TaskRun) -> None:
        """A task has begun."""

    def ended(self, task_run: TaskRun) -> None:
        """A task has ended."""

    def beat(self) -> None:
        """Draw the bar again, where no thread does it."""
        self._bar.refresh()

    def _show(self, total: int, done: int = 0) -> None:
        self._row = self._bar.add_task("", total=total, completed=done)


class ExperimentProgress(ProgressBar):
    """One experiment: a line per task as it ends; on a terminal also what runs, and the rest."""

    def __init__(self, workers: int) -> None:
        super().__init__(*experiment_columns(), has_thread=workers == 1)
        self._running: list[str] = []

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        """Show the tasks that are cached."""
        self._width = max(len(task_run.label) for task_run in task_runs) + 3
        for task_run in task_runs:
            if task_run.state == "cached":
                self._line(task_run, "cached", "dim")
        self._show(sum(task_run.state != "cached" for task_run in task_runs))

    def started(self, task_run: TaskRun) -> None:
        """Show that a task runs."""
        self._running.append(task_run.label)
        self._bar.update(self._row, description=", ".join(self._running))

    def ended(self, task_run: TaskRun) -> None:
        """Show how a task ended."""
        self._running.remove(task_run.label)
        self._bar.update(self._row, advance=1, description=", ".join(self._running))
        match task_run.state:
            case "ran":
                self._line(task_run, f"{task_run.seconds:.1f} s", "")
            case "cached":
                self._line(task_run, "cached", "dim")
            case state:
                self._line(task_run, state, "red")

    def show_rest(self, task_runs: Sequence[TaskRun]) -> None:
        """After the build: show the tasks that never ended."""
        for task_run in task_runs:
            if task_run.state == "not run":
                state = "stopped" if task_run.label in self._running else "not run"
                self._line(task_run, state, "yellow")

    def _line(self, task_run: TaskRun, text: str, style: str) -> None:
        stdout.print(f"  {task_run.label:<{self._width}}{text}", style=style)


class SweepProgress(ProgressBar):
    """Many experiments: one line with what runs, how much is done and the time left."""

    def __init__(self, workers: int) -> None:
        description = TextColumn(f"  {DESCRIPTION}")
        columns = (description, BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn())
        super().__init__(*columns, has_thread=workers == 1)
        self._running: list[str] = []
        self._failed = 0

    def planned(self, task_runs: Sequence[TaskRun]) -> None:
        """Show how many tasks are to run."""
        self._show(sum(task_run.state != "cached" for task_run in task_runs))

    def started(self, task_run: TaskRun) -> None:
        """Show that a task runs."""
        self._running.append(task_run.label)
        self._describe()

    def ended(self, task_run: TaskRun) -> None:
        """Count a task that ended; one that failed gets a line."""
        self._running.remove(task_run.label)
        if task_run.state == "failed":
            self._failed += 1
            say(f"  {task_run.label} failed: {task_run.error}", "red")
        self._bar.update(self._row, advance=1)
        self._describe()

    def _describe(self) -> None:
        failed = f"{self._failed} failed   " if self._failed else ""
        self._bar.update(self._row, description=failed + ", ".join(self._running))


class ClusterProgress(ProgressBar):
    """Jobs of a cluster: one line with how many have ended, and the states of the others."""

    def __init__(self, jobs: int, states: Mapping[int, str]) -> None:
        columns = _StatesColumn(states), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn()
        super().__init__(*columns, has_thread=True)
        self._show(jobs)

    def job_ended(self, record: ExperimentRecord) -> None:
        """Count a job that ended; one that failed gets a line."""
        if record.status != "finished":
            say(f"  {' '.join(record.overrides)} {record.status}: {record.error}", "red")
        self._bar.update(self._row, advance=1)


class _StatesColumn(ProgressColumn):
    """How many jobs run, wait, and so on."""

    def __init__(self, states: Mapping[int, str]) -> None:
        super().__init__()
        self._states = states

    def render(self, task: Task) -> Text:  # noqa: ARG002 (rich's interface)
        """The counts as they are now."""
        counts = Counter(state.partition(":")[0] for state in list(self._states.values()))
        return Text("  " + ", ".join(f"{count} {state}" for state, count in counts.items()))


def experiment_columns() -> list[ProgressColumn]:
    """The bar of one experiment, or of the trials of a search."""
    return [
        SpinnerColumn(),
        TextColumn(DESCRIPTION),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
