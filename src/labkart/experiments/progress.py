"""What a person sees while tasks run: of one experiment a line a task, of many one line for all."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from labkart.console import say, stdout
from labkart.records.record import ExperimentRecord, TaskRun


class ExperimentProgress:
    """A line a task as it ends; on a terminal also what runs now, and how much is left. Watches an experiment."""

    def __init__(self, workers: int) -> None:
        bar = BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn()
        columns = [SpinnerColumn(), TextColumn("{task.description}"), *bar]
        # A thread that holds the terminal's lock while a worker is forked would block that worker for ever.
        alone, piped = workers == 1, not stdout.is_terminal
        self._bar = Progress(
            *columns, console=stdout, transient=True, auto_refresh=alone, disable=piped
        )
        self._running: list[str] = []

    def __enter__(self) -> "ExperimentProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, uses: Sequence[TaskRun]) -> None:
        self._width = max(len(use.label) for use in uses) + 3
        for use in uses:
            if use.state == "cached":
                self._line(use, "cached", "dim")
        self._row = self._bar.add_task("", total=sum(use.state != "cached" for use in uses))

    def started(self, use: TaskRun) -> None:
        self._running.append(use.label)
        self._bar.update(self._row, description=", ".join(self._running))

    def ended(self, use: TaskRun) -> None:
        self._running.remove(use.label)
        self._bar.update(self._row, advance=1, description=", ".join(self._running))
        how = {"ran": (f"{use.seconds:.1f} s", ""), "cached": ("cached", "dim")}
        self._line(use, *how.get(use.state, (use.state, "red")))

    def left(self, uses: Sequence[TaskRun]) -> None:
        """After the build: the tasks that never ended."""
        for use in uses:
            if use.state == "not run":
                self._line(use, "stopped" if use.label in self._running else "not run", "yellow")

    def beat(self) -> None:
        self._bar.refresh()

    def _line(self, use: TaskRun, text: str, style: str) -> None:
        stdout.print(f"  {use.label:<{self._width}}{text}", style=style)


class SweepProgress:
    """One line for all: how much there is, and on a terminal how much of it is done, what runs now, the time left."""

    def __init__(self, workers: int) -> None:
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        alone, piped = workers == 1, not stdout.is_terminal
        self._bar = Progress(
            *columns, console=stdout, transient=True, auto_refresh=alone, disable=piped
        )
        self._running: list[str] = []
        self._failed = 0

    def __enter__(self) -> "SweepProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, uses: Sequence[TaskRun]) -> None:
        self._row = self._bar.add_task("", total=sum(use.state != "cached" for use in uses))

    def started(self, use: TaskRun) -> None:
        self._running.append(use.label)
        self._tell()

    def ended(self, use: TaskRun) -> None:
        self._running.remove(use.label)
        if use.state == "failed":
            self._failed += 1
            say(f"  {use.label} failed: {use.error}", "red")
        self._bar.update(self._row, advance=1)
        self._tell()

    def beat(self) -> None:
        self._bar.refresh()

    def _tell(self) -> None:
        failed = f"{self._failed} failed   " if self._failed else ""
        self._bar.update(self._row, description=failed + ", ".join(self._running))


class ClusterProgress:
    """One line for all jobs of a cluster: how many have ended, and what the others do."""

    def __init__(self, jobs: int, standings: Mapping[int, str]) -> None:
        columns = _StatusColumn(standings), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = Progress(
            *columns, console=stdout, transient=True, disable=not stdout.is_terminal
        )
        self._row = self._bar.add_task("", total=jobs)

    def __enter__(self) -> "ClusterProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def ended(self, record: ExperimentRecord) -> None:
        if record.status != "finished":
            say(f"  {' '.join(record.overrides)} {record.status}: {record.error}", "red")
        self._bar.update(self._row, advance=1)


class _StatusColumn(ProgressColumn):
    """How many jobs run, wait, and so on."""

    def __init__(self, standings: Mapping[int, str]) -> None:
        super().__init__()
        self._standings = standings

    def render(self, task: object) -> Text:
        counts = Counter(each.partition(":")[0] for each in list(self._standings.values()))
        return Text("  " + ", ".join(f"{count} {what}" for what, count in counts.items()))
