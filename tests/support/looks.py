"""Runs in a process of its own: imports a study and says what its tasks are, without building them."""

import importlib
import itertools
import json
import site
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gokart.utils import flatten
from luigi.task_register import Register

from labkart.fingerprint import fingerprint, imports, snapshot
from tests.support.tiny import write


def have_few_packages() -> None:
    """Have only the study's own packages: to look up all of them takes longer than the rest."""
    sys.path = [folder for folder in sys.path if folder not in site.getsitepackages()]


def print_looks(edits: list[dict[str, str]], task: str) -> None:
    """Print, after each edit, the ids of a task and of those above it, and the task's result."""
    have_few_packages()
    last, registered = next(reversed(sys.modules)), Register._reg.copy()
    found = []
    for files in edits:
        _forget_project(last)
        Register._reg = registered.copy()
        write(Path.cwd(), **files)
        found.append(_look(task))
    print()
    print(json.dumps(found))


def _forget_project(last: str) -> None:
    """Be as a process that has imported nothing of a project: nothing after the module `last`.

    This file is none of the project's either, and is forgotten too.
    """
    new = itertools.takewhile(lambda name: name != last, reversed(sys.modules))
    for name in list(new):
        file = getattr(sys.modules[name], "__file__", None)
        if not (file and imports.is_installed(file)):
            del sys.modules[name]
    importlib.invalidate_caches()
    imports._log = imports._ImportLog(imports._log.began, early={}, stale=set(), executed={})
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
