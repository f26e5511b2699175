"""What a person sees: the closing lines, tables, errors. Decides nothing."""

import logging
import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape

from labkart import project
from labkart.records.record import ExperimentRecord, read_task
from labkart.records.seeds import Group, Ranking
from labkart.table import Column, lines

if TYPE_CHECKING:
    from labkart.cli.clean import Waste
    from labkart.experiments.status import TaskStatus

stdout = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
_stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    stdout.print(escape(text), style=style)


def write_raw(text: str) -> None:
    """Give a text to another program as it is."""
    sys.stdout.write(f"{text}\n")


def warn(text: str) -> None:
    _stderr.print(escape(text), style="yellow")


def busy(what: str) -> AbstractContextManager[object]:
    """Say on a terminal what takes a moment, while it does."""
    return stdout.status(what) if stdout.is_terminal else nullcontext()


def show_logging() -> None:
    """Let the student's own log messages appear, from INFO on; of other packages warnings only."""
    if _stderr.is_terminal:
        handler = RichHandler(console=_stderr, show_time=False, show_path=False)
        logging.basicConfig(format="%(name)s: %(message)s", handlers=[handler])
    else:  # in a file a message is a line
        logging.basicConfig(format="%(levelname)-8s %(name)s: %(message)s")
    logging.getLogger(project.current().entry.partition(".")[0]).setLevel(logging.INFO)


def show_result(metrics: Mapping[str, float], experiment: str) -> None:
    """The closing lines: the metrics, and where to look further."""
    if metrics:
        say("  " + "   ".join(f"{name} {format_number(value)}" for name, value in metrics.items()))
    say(f"  experiment {experiment[:6]}  ·  {command('ui')}")


def describe_failure(record: ExperimentRecord) -> str:
    """Each failed task with its error, and where more is."""
    lines = [f"{use.label}: {use.error}" for use in record.tasks if use.state == "failed"]
    folder = project.current().short(record.folder)
    return "\n".join(
        [
            *lines,
            f"{folder}/traceback.txt says more. Mend it and run again: finished tasks stay cached.",
        ]
    )


def describe_failures(records: Sequence[ExperimentRecord], many: int) -> str:
    """Of a sweep: each failure once, with the experiments that it concerns, and where more is."""
    causes: dict[str, list[ExperimentRecord]] = {}
    for each in records:
        failed = next((use for use in each.tasks if use.state == "failed"), None)
        causes.setdefault(
            f"{failed.label}: {failed.error}" if failed else each.error or "not run", []
        ).append(each)
    lines = [f"{len(records)} of {many} experiments have no result:"]
    for cause, concerned in causes.items():
        more = f" and {len(concerned) - 1} more" if len(concerned) > 1 else ""
        lines += [f"{' '.join(concerned[0].overrides)}{more}: {cause}"]
        if concerned[0].ended:
            lines += [f"  {project.current().short(concerned[0].folder)}/traceback.txt"]
    return "\n".join([*lines, "Mend it and run the same command again: only what is missing runs."])


def show_groups(records: Sequence[ExperimentRecord], ranking: Ranking) -> None:
    """A line a configuration, best first: the mean and the standard deviation over seeds, and how many there are."""
    groups = ranking.group([each for each in records if each.ended])
    if not groups:
        return
    metrics, more = ranking.metrics(groups), len(groups) - _ROWS
    groups = groups[:_ROWS]
    columns = [
        Column(name, [group.settings[name] for group in groups]) for name in groups[0].settings
    ]
    for place, name in enumerate(metrics[:_METRICS]):
        columns.append(Column(name, [_spread(group, name) for group in groups], place))
    if metrics and any(len(group.records) > 1 for group in groups):
        columns.append(Column("n", [str(len(group.values(metrics[0]))) for group in groups]))
    shown = min(len(metrics), _METRICS) - show_table(columns)
    if more > 0:
        say(f"  ... and {more} more")
    if left := metrics[shown:]:
        several = f"{left[0]} and {len(left) - 1} more have" if len(left) > 1 else f"{left[0]} has"
        say(f"  {several} no place here; labkart.rank_by={left[0]} puts it first", "dim")


_METRICS, _ROWS = 8, 20  # what a person reads


def show_table(columns: Sequence[Column], styles: Sequence[str] = ()) -> int:
    """A table that is cut to the terminal, and whole where none is; returns how many columns had no place.

    `styles` are those of its lines, the head first.
    """
    rows, left = lines(columns, stdout.width - 2 if stdout.is_terminal else None)
    for row, style in zip_longest(rows, styles, fillvalue=""):
        stdout.print(f"  {escape(row)}", style=style, soft_wrap=True)
    return left


def _spread(group: Group, metric: str) -> str:
    mean, deviation = group.mean(metric), group.deviation(metric)
    if mean is None or deviation is None:
        return "-" if mean is None else format_number(mean)
    text = format_number(mean)
    digits = len(text.partition(".")[2])
    return (
        f"{text} ± {format_number(deviation) if 'e' in text else format(deviation, f'.{digits}f')}"
    )


def show_statuses(standings: Sequence["TaskStatus"]) -> None:
    """A line a task: how it stands, why, and what it will cost; and all of that in one line."""
    width, reasons = (
        max(map(len, column))
        for column in zip(*((each.label, each.reason) for each in standings), strict=True)
    )
    for each in standings:
        cost = (
            "" if each.state == "done" or each.seconds is None else f"   about {each.seconds:.1f} s"
        )
        style = "dim" if each.state == "done" else "yellow" if each.state == "missing" else "red"
        stdout.print(
            f"  {each.label:<{width}}   {each.state:<7}   {each.reason:<{min(reasons, 60)}}{cost}".rstrip(),
            style=style,
        )
    left = [each for each in standings if each.state != "done"]
    known = [each.seconds for each in left if each.seconds is not None]
    about = f", about {sum(known):.1f} s" if known else ""
    say(
        f"  {len(left)} of {len(standings)} tasks to run{about}"
        if left
        else f"  {len(standings)} tasks done"
    )


def show_parts(record: ExperimentRecord, lacking: Sequence[str]) -> None:
    """Of an experiment that could be reproduced: a line a task, what it took and its output, and what is not there."""
    say(f"{record.id[:6]}  {' '.join(record.overrides)}".rstrip())
    width = max(len(use.label) for use in record.tasks)
    for use in record.tasks:
        one = read_task(use.name, use.id)
        kept = (
            "in the cache"
            if one and one.status == "done" and not one.damage()
            else "not in the cache any more"
        )
        say(f"  {use.label:<{width}}   {use.seconds:>6.1f} s   {kept}")
    for each in lacking:
        say(f"  not there: {each}", "red")
    if not lacking:
        say(f"  all is there that it needs  ·  {command(f'reproduce {record.id[:6]}')}")


def show_sizes(found: Sequence["Waste"]) -> None:
    """The outputs that nothing needs, with their sizes."""
    for each in found[:20]:
        say(f"  {_bytes(each.bytes):>10}   {project.current().short(each.path)}   {each.why}")
    say(
        f"  {'...' if len(found) > 20 else ''} {total_size(found)} that nothing needs"
        if found
        else "  Nothing to remove"
    )


def total_size(found: Sequence["Waste"]) -> str:
    """How much it is altogether."""
    return f"{len(found)} file{'' if len(found) == 1 else 's'}, {_bytes(sum(each.bytes for each in found))}"


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    unit = min(3, int(math.log10(count) // 3))
    return f"{count / 1000**unit:.1f} {('', 'KB', 'MB', 'GB')[unit]}"


def confirm(question: str) -> bool:
    """Whether the person says yes; where nobody can answer, no."""
    if not sys.stdin.isatty():
        say(f"  Nothing was removed; {command('clean --yes')} does it.")
        return False
    return stdout.input(f"  {question} [y/N] ").strip().lower() in ("y", "yes")


def command(words: str) -> str:
    """A command of ours as this person can type it: through uv where they have it, else by its name or its path."""
    if os.environ.get("UV"):
        return f"uv run labkart {words}"
    script = Path(sys.prefix, "bin", "labkart")
    path = script.relative_to(project.STARTED) if script.is_relative_to(project.STARTED) else script
    return f"{'labkart' if shutil.which('labkart') else path} {words}"


def format_number(value: float) -> str:
    """A metric with the digits that a person compares; a count without any."""
    if abs(value) >= 10 and value.is_integer():
        return f"{value:.0f}"
    return f"{value:.3f}" if value == 0 or 0.001 <= abs(value) < 10_000 else f"{value:.4g}"
