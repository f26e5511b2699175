"""The tasks that a `run()` yields, and whether the data that they had are as they were.

The id of the task that yielded them covers the code of these tasks and of what they need, not the
files and folders that they declare. Knows records and makes no task.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from typing import Any

from gokart.utils import flatten

from labkart import digests, opened_files, project
from labkart.language import translate
from labkart.records import record
from labkart.records.record import TaskRecord
from labkart.tasks.context import context
from labkart.tasks.task_id import TaskWithId


def pass_on(steps: Generator[Any, Any, None], found: list[Any]) -> Iterator[Any]:
    """Pass on the tasks that a `run()` yields, and add them to a list: its result depends on them.

    Raises:
        LabkartError: one of them asks for more than there is on this machine.
    """
    results = None
    with closing(steps), suppress(StopIteration):
        while True:
            tasks = steps.send(results)
            new = [task for task in flatten(tasks) if isinstance(task, TaskWithId)]
            context.check_needs(new)
            found += new
            results = yield tasks


def describe_change(task: TaskRecord) -> str:
    """What changed that a yielded task declares, or a task that one needs; empty if nothing."""
    for yielded in _all_yielded(task):
        for data in yielded.data.values():
            if _digest(data["path"]) != data["sha256"]:
                return translate("{file} changed", file=data["path"])
    return ""


def _all_yielded(task: TaskRecord) -> list[TaskRecord]:
    """The records of the tasks that a run yielded, and of all that these need."""
    records: dict[str, TaskRecord] = {}
    waiting = list(task.dynamic_upstream)
    while waiting:
        key = waiting.pop()
        name, _, id = key.rpartition("_")
        if key not in records and (needed := record.read_task(name, id)):
            records[key] = needed
            waiting += [*needed.upstream, *needed.dynamic_upstream]
    return list(records.values())


def _digest(path: str) -> str:
    """The digest of a file or folder; empty if it cannot be read."""
    with suppress(OSError), opened_files.ignored():
        return digests.content_digest(project.current().root / path)
    return ""
