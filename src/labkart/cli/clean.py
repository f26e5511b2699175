"""`labkart clean`: remove outputs that nothing needs any more.

An output is needed if today's code uses it with the settings of any recorded experiment, or if an
experiment that is kept used it. Records stay, with their metrics and figures; an output that is
gone is computed again when it is needed. Texts that no record names go, too, and files of runs that
MLflow does not show any more.
"""

import os
import re
import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout
from rich.filesize import decimal
from rich.prompt import Confirm

from labkart import console, project
from labkart.cli import overrides
from labkart.errors import LabkartError
from labkart.experiments import plan
from labkart.experiments.composer import Composer, compose_overrides
from labkart.language import translate, translate_count
from labkart.records import job_log, leftovers, locks, query, record, texts
from labkart.records.file_lock import file_lock
from labkart.tracking import store

_MOST_ROWS = 20
_MAX_AGE = 7 * 24 * 3600  # seconds: nobody is about to use these files any more
_TEMPORARY = ("environments", job_log.FOLDER)
_TASK_ID = re.compile(r"_([0-9a-f]{32})(?:\.|$)")
_RUN_ID = re.compile(r"(?:m-)?[0-9a-f]{32}")


@dataclass(frozen=True)
class Waste:
    """A file or folder that nothing needs; `id` is that of the task that wrote it, if any."""

    path: Path
    id: str
    reason: str
    bytes: int


def main(argv: list[str]) -> int:
    """Show what nothing needs, and remove it if the person agrees."""
    parser = ArgumentParser(
        "labkart clean", description=translate("Remove outputs that nothing needs any more.")
    )
    keep = translate("always keep what this experiment used")
    parser.add_argument("--keep", action="append", default=[], metavar="EXPERIMENT", help=keep)
    parser.add_argument("--yes", action="store_true", help=translate("remove without asking"))
    args = overrides.parse(parser, argv)
    os.chdir(project.current().root)
    for prefix in args.keep:
        experiment = query.find_experiment(prefix)
        experiment.kept = True
        experiment.write()
    waste = find_waste()
    if not waste:
        console.say(translate("  Nothing to remove"))
        return 0
    _show(waste)
    if args.yes or _is_confirmed(translate("  Remove {files}?", files=_describe(waste))):
        console.say(translate("  {files} removed", files=_describe(remove(waste))))
    else:
        console.say(
            translate(
                "  Nothing was removed; {command} removes it.",
                command=console.command("clean --yes"),
            )
        )
    return 0


def _is_confirmed(question: str) -> bool:
    """Whether the person answers yes; no if nobody can answer."""
    return sys.stdin.isatty() and Confirm.ask(question, console=console.stdout, default=False)


def find_waste() -> list[Waste]:
    """What can be removed, the largest first. What killed processes left is removed at once."""
    leftovers.remove_leftovers()
    folders = record.task_folder("*", "*").parent.glob("*_*")
    recorded = {id: name for name, _, id in (path.name.rpartition("_") for path in folders)}
    needed = _with_upstream(_needed(), recorded)
    waste = list(_old_files())
    outputs = (project.current().outputs / "cache").rglob("*")
    files = [path for path in sorted(outputs) if path.is_file()]
    for path in [*files, *record.checkpoint_folder("").glob("*")]:
        match = _TASK_ID.search(path.name)
        # Without an id, the student chose a name that all versions of a task share.
        if match and match[1] not in needed:
            unused, unfinished = translate("other code or settings"), translate("never finished")
            reason = unused if match[1] in recorded else unfinished
            waste.append(Waste(path, match[1], reason, _size(path)))
    return sorted(waste, key=lambda item: -item.bytes)


def _old_files() -> Iterator[Waste]:
    """What is kept for a while: packages, logs of jobs, and what no record or run names."""
    outputs = project.current().outputs
    reasons = (
        translate("packages of a reproduction, unused for a week"),
        translate("logs of jobs, a week old"),
    )
    candidates = [
        (path, reason)
        for name, reason in zip(_TEMPORARY, reasons, strict=True)
        for path in (outputs / name).glob("*")
        if path.is_dir()
    ]
    unnamed = translate("no experiment has this text")
    candidates += [(file, unnamed) for file in texts.unnamed_texts()]
    known, unknown = store.own_ids(), translate("MLflow's page has no such run")
    for path in [*outputs.glob("artifacts/*"), *outputs.glob("artifacts/models/*")]:
        if known and path.name not in known and _RUN_ID.fullmatch(path.name):
            candidates.append((path, unknown))
    for path, reason in candidates:
        if time.time() - path.stat().st_mtime > _MAX_AGE:
            yield Waste(path, "", reason, _size(path))


def _size(path: Path) -> int:
    """The bytes that are free without it: a file with a second name elsewhere stays."""
    files = path.rglob("*") if path.is_dir() else [path]
    states = [file.lstat() for file in files if file.is_file()]
    return sum(state.st_size for state in states if state.st_nlink == 1)


def remove(waste: Iterable[Waste]) -> list[Waste]:
    """Remove files and folders, but not what a process is writing now; returns the removed ones."""
    removed = []
    for item in waste:
        with suppress(Timeout), _lock(item):
            if item.path.is_dir():
                shutil.rmtree(item.path)
            else:
                item.path.unlink(missing_ok=True)
            removed.append(item)
    return removed


def _lock(item: Waste) -> AbstractContextManager[object]:
    """What keeps others from writing it meanwhile."""
    if item.id:
        return locks.locked_if_free(item.id)
    if item.path.parent.name not in _TEMPORARY:
        return nullcontext()
    return file_lock(item.path.with_name(f"{item.path.name}.lock"), timeout=0)


def _needed() -> set[str]:
    """The ids of what today's code uses with any recorded settings, and of what kept ones used."""
    experiments = record.read_experiments()
    needed = {task.id for experiment in experiments if experiment.kept for task in experiment.tasks}
    # Errors are not caught here: if today's code cannot be read, nobody knows what it needs.
    needed |= _task_ids(plan.plan(compose_overrides()))
    composer = Composer()
    for settings in {tuple(experiment.overrides) for experiment in experiments} - {()}:
        with suppress(LabkartError):  # settings that do not fit today's code
            needed |= _task_ids(plan.plan(composer.compose(settings)))
    return needed


def _task_ids(experiment: plan.Experiment) -> set[str]:
    return {task.make_unique_id() for task in experiment.tasks.values()}


def _with_upstream(needed: set[str], names: dict[str, str]) -> set[str]:
    """Add what a `run()` yielded, and what that depends on; only the records know it."""
    waiting = list(needed)
    while waiting:
        id = waiting.pop()
        task = record.read_task(names[id], id) if id in names else None
        if task:
            keys = (*task.dynamic_upstream, *task.upstream)
            new = {key.rpartition("_")[2] for key in keys} - needed
            needed |= new
            waiting += new
    return needed


def _show(waste: Sequence[Waste]) -> None:
    for item in waste[:_MOST_ROWS]:
        path = project.current().short(item.path)
        console.say(f"  {decimal(item.bytes):>10}   {path}   {item.reason}")
    dots = "..." if len(waste) > _MOST_ROWS else ""
    console.say(f"  {dots} {translate('{files} that nothing needs', files=_describe(waste))}")


def _describe(waste: Sequence[Waste]) -> str:
    """How many files there are, and their size."""
    files = translate_count("{count} file", "{count} files", len(waste))
    return translate(", ").join([files, decimal(sum(item.bytes for item in waste))])
