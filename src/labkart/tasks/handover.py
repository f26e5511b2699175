"""How luigi hands a task from the process whose `run()` yielded it to the one that leads.

luigi passes the texts of parameters, from which not every value can be read again (`None` and `""`
have one text). Here the values themselves go along. Knows no ids and runs nothing.
"""

import pickle
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from typing import Any

import luigi
from luigi.task_register import Register

from labkart.errors import LabkartError
from labkart.language import translate

# A task's module, its family and its parameters, in which tasks are numbers of earlier parts.
_Part = tuple[str, str, bytes]


class WholeParams(dict[str, str]):
    """All parameters of a task as texts, with the task that has them.

    In another process `task` is made again, of the same values.
    """

    def __init__(self, texts: dict[str, str], task: luigi.Task) -> None:
        super().__init__(texts)
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        parts = list[_Part]()
        numbers = dict[int, int]()
        for task in _upstream_first(self.task):
            parts.append((task.task_module, task.get_task_family(), _packed(task, numbers)))
            numbers[id(task)] = len(numbers)
        return _unpacked, (dict(self), parts)


class _Packer(pickle.Pickler):
    """Writes numbers in place of tasks."""

    def __init__(self, file: BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(file)
        self._numbers = numbers

    def persistent_id(self, obj: Any) -> int | None:
        return self._numbers[id(obj)] if isinstance(obj, luigi.Task) else None


class _Unpacker(pickle.Unpickler):
    """Reads tasks in place of numbers."""

    def __init__(self, file: BytesIO, tasks: list[luigi.Task]) -> None:
        super().__init__(file)
        self._tasks = tasks

    def persistent_load(self, pid: int) -> luigi.Task:
        return self._tasks[pid]


def _packed(task: luigi.Task, numbers: dict[int, int]) -> bytes:
    file = BytesIO()
    try:
        _Packer(file, numbers).dump(task.param_kwargs)
    except Exception as error:  # whatever a value raises
        raise LabkartError(
            translate(
                "{task} cannot be handed to another process: {error}."
                " Yield tasks with plain values.",
                task=task.get_task_family(),
                error=error,
            )
        ) from error
    return file.getvalue()


def _unpacked(texts: dict[str, str], parts: list[_Part]) -> WholeParams:
    tasks = list[luigi.Task]()
    for module, family, values in parts:
        with suppress(ImportError):
            import_module(module)
        task: Any = Register.get_task_cls(family)
        tasks.append(task(**_Unpacker(BytesIO(values), tasks).load()))
    return WholeParams(texts, tasks[-1])


def _upstream_first(task: luigi.Task) -> list[luigi.Task]:
    """A task and all tasks among its parameters, each behind those that are its own parameters."""
    ordered = dict[int, luigi.Task]()
    waiting = [(task, False)]
    while waiting:  # a loop, for a pipeline may be longer than Python's stack
        current, is_expanded = waiting.pop()
        if is_expanded:
            ordered.setdefault(id(current), current)
        elif id(current) not in ordered:
            waiting.append((current, True))
            waiting.extend((needed, False) for needed in _tasks_in(current.param_kwargs))
    return list(ordered.values())


def _tasks_in(value: Any) -> Iterator[luigi.Task]:
    """The tasks in a value, at any depth."""
    if isinstance(value, luigi.Task):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tasks_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tasks_in(item)
