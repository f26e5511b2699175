"""Runs in a process of its own: imports a study and says what its tasks are, without building them."""

import importlib
import itertools
import json
import os
import site
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gokart.utils import flatten
from luigi.task_register import Register

from labkart.fingerprint import fingerprint, imports, snapshot
from labkart.installed_files import is_installed
from tests.support.tiny import FILES, write


def have_few_packages() -> None:
    """Have only the study's own packages: to look up all of them takes longer than the rest."""
    sys.path = [folder for folder in sys.path if folder not in site.getsitepackages()]


def print_looks(edits: list[dict[str, str]], task: str) -> None:
    """Print, after each edit, the ids of a task and of those above it, and the task's result."""
    have_few_packages()
    print()
    print(json.dumps(_looks(edits, task, _State())))


def print_looks_of_all(studies: dict[str, list[dict[str, str]]], task: str) -> None:
    """Print the same for many studies, each in a folder of its own, or the traceback of what it raises."""
    have_few_packages()
    state, found, top = _State(), dict[str, object](), Path.cwd()
    path = sys.path[1:]
    for number, (name, edits) in enumerate(studies.items()):
        folder = top / str(number)
        write(folder, **FILES)
        os.chdir(folder)
        sys.path[:] = [str(folder / "src"), *path]
        try:
            found[name] = _looks(edits, task, state)
        except BaseException:
            found[name] = traceback.format_exc()
    print()
    print(json.dumps(found))


class _State:
    """What a process knows before it imports a project."""

    def __init__(self) -> None:
        self.last, self.registered = next(reversed(sys.modules)), Register._reg.copy()


def _looks(
    edits: list[dict[str, str]], task: str, state: _State
) -> list[tuple[dict[str, str], int]]:
    found = []
    for files in edits:
        _forget_project(state.last)
        Register._reg = state.registered.copy()
        write(Path.cwd(), **files)
        found.append(_look(task))
    return found


def _forget_project(last: str) -> None:
    """Be as a process that has imported nothing of a project: nothing after the module `last`.

    This file is none of the project's either, and is forgotten too.
    """
    new = itertools.takewhile(lambda name: name != last, reversed(sys.modules))
    for name in list(new):
        file = getattr(sys.modules[name], "__file__", None)
        if not (file and is_installed(file)):
            del sys.modules[name]
    importlib.invalidate_caches()
    imports._log = imports._ImportLog()
    fingerprint._readings = fingerprint._Readings()
    snapshot._snapshot = snapshot._Snapshot()


def _look(expression: str) -> tuple[dict[str, str], int]:
    name = expression.partition(".")[0]
    task = eval(expression, {name: importlib.import_module(f"study.{name}")})
    tasks = {type(each).__name__: each for each in _upstream(task)}
    ids = {name: each.make_unique_id() for name, each in tasks.items()}
    return ids, _result(task)


def _upstream(task: Any) -> Iterator[Any]:
    for each in flatten(task.requires()):
        yield from _upstream(each)
    yield task


def _result(task: Any) -> int:
    """What its `run()` dumps; nothing is read from the cache or written there."""
    required, results = task.requires(), list[Any]()

    def load(name: str | None = None) -> int:
        return _result(required if name is None else required[name])

    vars(task).update(load=load, dump=results.append)
    for _ in type(task).run(task) or ():
        pass
    return int(results.pop())
