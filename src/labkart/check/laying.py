"""Lays out the student's pipeline with many configurations, in a process of its own; notes which settings it reads."""

import gc
import json
import os
import pickle
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from labkart import project
from labkart.check import config_access
from labkart.check.settings import File
from labkart.check.surroundings import Surroundings
from labkart.errors import LabkartError, describe
from labkart.experiments import pipeline
from labkart.experiments.config import Composed

# Names at the top that the machinery reads, and not the pipeline.
_MACHINERY = ("defaults", "hydra", "labkart", "search", "task")
_PLACE = re.compile(r"(?:(pipeline|conf)|([^:]+/[^:]+?)(?::(\d+))?): (.*)")

# The id of a rule, a path, a line, which of the rule's sentences, and its values.
Found = tuple[str, str, int, str, dict[str, str]]


def main() -> None:
    """Take the files and configurations from the standard input, and write what is found to the output as JSON.

    After it comes what the student's code looked at. What that code prints goes elsewhere.
    """
    gc.disable()  # imports leave nothing to collect
    out = os.dup(1)
    os.dup2(2, 1)
    here, around = project.current(), Surroundings()
    with around.noticed():
        found = imported(here)
        files, composed = pickle.load(sys.stdin.buffer)
        found = found or list(laid_out(here, files, composed))
    with os.fdopen(out, "w", encoding="utf-8") as file:
        json.dump([found, around.states()], file)


def imported(here: project.Project) -> list[Found]:
    """What stops the pipeline's module from being imported."""
    try:
        import_module(here.entry.partition(":")[0])
    except (Exception, SystemExit) as error:
        path, line, why = _place(describe(error, here.root), here, _module(here))
        return [("broken-pipeline", path, line, "import", {"why": why})]
    return []


def laid_out(
    here: project.Project, files: Sequence[File], composed: Sequence[tuple[File, Composed]]
) -> Iterator[Found]:
    """What stops the pipeline from being laid out, each once; else the settings that it never reads."""
    had, read, failed = set[str](), set[str](), dict[tuple[str, int, str], None]()
    for file, each in composed:
        each.activate()
        had |= config_access.setting_names(each.cfg)
        try:
            pipeline.call_pipeline(config_access.watch_config(each.cfg, read))
        except (LabkartError, SystemExit) as error:
            failed[_place(str(error), here, file.path)] = None
    for path, line, why in failed:
        yield "broken-pipeline", path, line or _line(path, why, files), "laid-out", {"why": why}
    for file in () if failed else files:  # what failed may be what reads them
        for name, line in file.lines.items():
            if name in had - read and name.partition(".")[0] not in _MACHINERY:
                yield "unused-key", file.path, line, "unread", {"name": name}


def _line(path: str, why: str, files: Sequence[File]) -> int:
    """Where a file sets the name that a message has in quotes, if that is one place."""
    named = re.search(r'"([\w.]+)"', why)
    lines = [file.lines for file in files if file.path == path and named]
    found = [
        line
        for names in lines
        for name, line in names.items()
        if named and f".{name}".endswith(f".{named[1]}")
    ]
    return found[0] if len(found) == 1 else 0


def _module(here: project.Project) -> str:
    return f"src/{here.entry.partition(':')[0].replace('.', '/')}.py"


def _place(said: str, here: project.Project, otherwise: str) -> tuple[str, int, str]:
    """The file and the line that a message speaks of, and the rest of it."""
    first = (said.splitlines() or ["Python was ended"])[0]
    match = _PLACE.fullmatch(first)
    if match and match[1]:
        return _module(here) if match[1] == "pipeline" else otherwise, 0, match[4]
    if match and (here.root / match[2]).is_file():
        return match[2], int(match[3] or 0), match[4]
    return _module(here), 0, first
