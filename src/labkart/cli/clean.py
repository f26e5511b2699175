"""Outputs that nothing needs any more: neither today's code with any recorded settings, nor an experiment that is kept.

Records stay, with their metrics and figures; an output that is gone is computed again when somebody asks for it.
"""

import argparse
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from labkart import console, project
from labkart.errors import LabkartError
from labkart.experiments import config, plan
from labkart.experiments.composer import Composer
from labkart.records import leftovers, locks, record


@dataclass(frozen=True)
class Waste:
    """A file that nothing needs, or a folder; `id` is that of the task that wrote it, and for a folder its own name."""

    path: Path
    id: str
    why: str
    bytes: int


def show(words: Sequence[str]) -> int:
    """The verb `clean`."""
    parser = argparse.ArgumentParser(
        "labkart clean", description="Remove outputs that nothing needs any more."
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="EXPERIMENT", help="keep what this one used"
    )
    parser.add_argument("--yes", action="store_true", help="remove without asking")
    chosen = parser.parse_args(words)
    os.chdir(project.current().root)
    keep(chosen.keep)
    found = look()
    console.show_sizes(found)
    if found and (chosen.yes or console.confirm(f"Remove {console.total_size(found)}?")):
        console.say(f"  {console.total_size(remove(found))} removed")
    return 0


def keep(prefixes: Iterable[str]) -> None:
    """Mark experiments, so that what they used is never removed.

    Raises:
        LabkartError: there is none of that id, or there are several.
    """
    for prefix in prefixes:
        found = record.read_experiments(prefix) if prefix.isalnum() else []
        if len(found) != 1:
            many = (
                f"{len(found)} experiments begin so; write more of the id"
                if found
                else "no experiment has that id"
            )
            raise LabkartError(f"--keep {prefix}: {many}.")
        found[0].kept = True
        found[0].write()


def look() -> list[Waste]:
    """What can be removed, the largest first. What killed processes left is removed at once, for nobody can want it."""
    leftovers.remove_leftovers()
    cache = project.current().outputs / "cache"
    recorded = record.task_names()
    needed = _with_what_they_asked(_needed(), recorded)
    found = []
    for path in sorted(cache.rglob("*")):
        id = _ID.search(path.name)  # without one, the student chose a name that all versions share
        if id and path.is_file() and id[1] not in needed:
            why = "other code or settings" if id[1] in recorded else "never finished"
            found.append(Waste(path, id[1], why, path.stat().st_size))
    return sorted([*found, *_folders()], key=lambda each: -each.bytes)


def _folders() -> Iterable[Waste]:
    """What other verbs keep for the next time or for a while: installed packages, and logs of a cluster's jobs."""
    outputs = project.current().outputs
    whys = {
        "environments": "packages of a reproduction, unused for a week",
        "slurm": "logs of jobs, a week old",
    }
    for place, why in whys.items():
        for folder in (each for each in (outputs / place).glob("*") if each.is_dir()):
            if time.time() - folder.stat().st_mtime > _OLD:
                size = sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
                yield Waste(folder, folder.name, why, size)


_OLD = 7 * 24 * 3600  # seconds: by then nobody is at work there any more

_ID = re.compile(r"_([0-9a-f]{32})(?:\.|$)")


def remove(found: Iterable[Waste]) -> list[Waste]:
    """Remove them, but what a process is writing at this moment; returns those that are gone."""
    gone = []
    for each in found:
        with (
            suppress(Timeout),
            FileLock(f"{each.path}.lock", timeout=0)
            if each.path.is_dir()
            else locks.locked_if_free(each.id),
        ):
            if each.path.is_dir():
                shutil.rmtree(each.path)
            else:
                each.path.unlink(missing_ok=True)
            gone.append(each)
    return gone


def _with_what_they_asked(needed: set[str], names: dict[str, str]) -> set[str]:
    """Add what a `run()` yielded, and what that needs; only the records know of it."""
    waiting = list(needed)
    while waiting:
        id = waiting.pop()
        one = record.read_task(names[id], id) if id in names else None
        new = (
            {key.rpartition("_")[2] for key in (*one.dynamic_upstream, *one.upstream)} - needed
            if one
            else set()
        )
        needed |= new
        waiting += new
    return needed


def _needed() -> set[str]:
    """What today's code would use with the settings of any recorded experiment, and what kept ones used."""
    records = record.read_experiments()
    needed = {use.id for each in records if each.kept for use in each.tasks}
    # Without a word hidden: where today's code cannot be read, nobody knows what it needs.
    needed |= {
        task.make_unique_id() for task in plan.plan(config.compose_overrides()).tasks.values()
    }
    composer = Composer()
    for overrides in {tuple(each.overrides) for each in records} - {()}:
        with suppress(LabkartError):  # settings that do not fit the code of today
            planned = plan.plan(composer.compose(overrides))
            needed |= {task.make_unique_id() for task in planned.tasks.values()}
    return needed
