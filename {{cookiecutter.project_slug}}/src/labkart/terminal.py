"""What a person sees: progress while tasks run, the closing lines, errors. Decides nothing."""

import logging
import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from . import project
from .record import ExperimentRecord, TaskUse

if TYPE_CHECKING:
    from .clean import Waste
    from .status import Standing

_out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    _out.print(escape(text), style=style)


def console() -> Console:
    """Where all of it is said."""
    return _out


def warn(text: str) -> None:
    _errors.print(escape(text), style="yellow")


def busy(what: str) -> AbstractContextManager[object]:
    """Say on a terminal what takes a moment, while it does."""
    return _out.status(what) if _out.is_terminal else nullcontext()


def show_logging() -> None:
    """Let the student's own log messages appear, from INFO on; of other packages warnings only."""
    handler = RichHandler(console=_errors, show_time=False, show_path=False)
    logging.basicConfig(format="%(name)s: %(message)s", handlers=[handler])
    logging.getLogger(project.current().entry.partition(".")[0]).setLevel(logging.INFO)


def show_result(metrics: Mapping[str, float], experiment: str) -> None:
    """The closing lines: the metrics, and where to look further."""
    if metrics:
        say("  " + "   ".join(f"{name} {number(value)}" for name, value in metrics.items()))
    say(f"  experiment {experiment[:6]}  ·  {command('ui')}")


def what_failed(record: ExperimentRecord) -> str:
    """Each failed task with its error, and where more is."""
    lines = [f"{use.label}: {use.error}" for use in record.tasks if use.state == "failed"]
    folder = project.current().short(record.folder)
    return "\n".join([*lines, f"{folder}/traceback.txt says more. Mend it and run again: finished tasks stay cached."])


def show_standings(standings: Sequence["Standing"]) -> None:
    """A line a task: how it stands, why, and what it will cost; and all of that in one line."""
    width, reasons = (
        max(map(len, column)) for column in zip(*((each.label, each.reason) for each in standings), strict=True)
    )
    for each in standings:
        cost = "" if each.state == "done" or each.seconds is None else f"   about {each.seconds:.1f} s"
        style = "dim" if each.state == "done" else "yellow" if each.state == "missing" else "red"
        _out.print(
            f"  {each.label:<{width}}   {each.state:<7}   {each.reason:<{min(reasons, 60)}}{cost}".rstrip(), style=style
        )
    left = [each for each in standings if each.state != "done"]
    known = [each.seconds for each in left if each.seconds is not None]
    about = f", about {sum(known):.1f} s" if known else ""
    say(f"  {len(left)} of {len(standings)} tasks to run{about}" if left else f"  {len(standings)} tasks done")


def show_sizes(found: Sequence["Waste"]) -> None:
    """The outputs that nothing needs, with their sizes."""
    for each in found[:20]:
        say(f"  {_bytes(each.bytes):>10}   {project.current().short(each.path)}   {each.why}")
    say(f"  {'...' if len(found) > 20 else ''} {size(found)} that nothing needs" if found else "  Nothing to remove")


def size(found: Sequence["Waste"]) -> str:
    """How much it is altogether."""
    return f"{len(found)} file{'' if len(found) == 1 else 's'}, {_bytes(sum(each.bytes for each in found))}"


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    unit = min(3, int(math.log10(count) // 3))
    return f"{count / 1000**unit:.1f} {('', 'KB', 'MB', 'GB')[unit]}"


def agrees(question: str) -> bool:
    """Whether the person says yes; where nobody can answer, no."""
    if not sys.stdin.isatty():
        say(f"  Nothing was removed; {command('clean --yes')} does it.")
        return False
    return _out.input(f"  {question} [y/N] ").strip().lower() in ("y", "yes")


def command(words: str) -> str:
    """A command of ours as this person can type it: through uv where they have it, else by its name or its path."""
    if os.environ.get("UV"):
        return f"uv run labkart {words}"
    script = Path(sys.prefix, "bin", "labkart")
    path = script.relative_to(project.STARTED) if script.is_relative_to(project.STARTED) else script
    return f"{'labkart' if shutil.which('labkart') else path} {words}"


def number(value: float) -> str:
    """A metric with the digits that a person compares; a count without any."""
    if abs(value) >= 10 and value.is_integer():
        return f"{value:.0f}"
    return f"{value:.3f}" if value == 0 or 0.001 <= abs(value) < 10_000 else f"{value:.4g}"


class Progressing:
    """A line a task as it ends; on a terminal also what runs now, and how much is left. Watches an experiment."""

    def __init__(self, workers: int) -> None:
        bar = BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn()
        columns = [SpinnerColumn(), TextColumn("{task.description}"), *bar]
        # A thread that holds the terminal's lock while a worker is forked would block that worker for ever.
        alone, piped = workers == 1, not _out.is_terminal
        self._bar = Progress(*columns, console=_out, transient=True, auto_refresh=alone, disable=piped)
        self._running: list[str] = []

    def __enter__(self) -> "Progressing":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, uses: Sequence[TaskUse]) -> None:
        self._width = max(len(use.label) for use in uses) + 3
        for use in uses:
            if use.state == "cached":
                self._line(use, "cached", "dim")
        self._row = self._bar.add_task("", total=sum(use.state != "cached" for use in uses))

    def started(self, use: TaskUse) -> None:
        self._running.append(use.label)
        self._bar.update(self._row, description=", ".join(self._running))

    def ended(self, use: TaskUse) -> None:
        self._running.remove(use.label)
        self._bar.update(self._row, advance=1, description=", ".join(self._running))
        self._line(use, *((f"{use.seconds:.1f} s", "") if use.state == "ran" else (use.state, "red")))

    def left(self, uses: Sequence[TaskUse]) -> None:
        """After the build: the tasks that never ended."""
        for use in uses:
            if use.state == "not run":
                self._line(use, "stopped" if use.label in self._running else "not run", "yellow")

    def beat(self) -> None:
        self._bar.refresh()

    def _line(self, use: TaskUse, text: str, style: str) -> None:
        _out.print(f"  {use.label:<{self._width}}{text}", style=style)
