"""What makes a task itself: its parameters, its upstream tasks, the code it reaches, packages, declared files."""

import bz2
import functools
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gokart
import luigi
from gokart.utils import flatten
from luigi.parameter import ParameterVisibility

from labkart.errors import LabkartError
from labkart.fingerprint import fingerprint, snapshot
from labkart.fingerprint.fingerprint import Fingerprint
from labkart.records import record
from labkart.tasks.data_files import DataFile

T = TypeVar("T")


class _Parts:
    """What an id was made of. Not in the class below, where type checkers would take them for parameters."""

    _fingerprint: Fingerprint
    _moment: int
    _data: dict[str, dict[str, str]]


class TaskWithId(_Parts, gokart.TaskOnKart[T]):
    """The part of a task that gives it an id. Its helpers are functions: a student may call a parameter `key`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._moment = 0
        self._wrap()

    def _wrap(self) -> None:
        """On the instance, so that whatever `requires` a student writes or inherits is asked once in a moment."""
        vars(self).pop("requires", None)
        asked: Callable[[], Any] = self.requires
        once = functools.cache(
            lambda: list(asked()) if inspect.isgeneratorfunction(asked) else asked()
        )
        vars(self)["requires"] = once

    def __repr__(self) -> str:
        """Short: luigi writes a task's description whenever it makes one that builds on it."""
        params = ", ".join(f"{name}={text}" for name, text in own_params(self).items())
        return f"{self.get_task_family()}({params})"

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """luigi's list of the parameters, looked up once a class and not several times an instance."""
        return _params(cls)

    def make_unique_id(self) -> str:
        """The task's id: of its parameters, its upstream tasks' ids, its code, packages and data.

        Raises:
            LabkartError: a declared file is not there, or the task needs itself.
        """
        waiting: list[gokart.TaskOnKart[Any]] = [self]
        opened = set[int]()
        while not _has_id(self):  # a loop, for a pipeline may be longer than Python's stack
            task = waiting[-1]
            if id(task) not in opened:
                _forget(task)
            needed = [] if _has_id(task) else flatten(task.requires())
            missing = [each for each in needed if not _has_id(each)]
            if (
                missing and id(task) in opened
            ):  # all of them were seen to, and one of them came back to it
                raise LabkartError(
                    f"{task.get_task_family()} needs itself, by way of {missing[0].get_task_family()}."
                )
            opened.add(id(task))
            waiting.extend(missing)
            if not missing:
                gokart.TaskOnKart.make_unique_id(waiting.pop())
                if isinstance(task, TaskWithId):
                    task._moment = snapshot.generation()
        return str(self.task_unique_id)

    def get_own_code(self) -> str:
        """gokart's hook: what belongs to this task's id beside its parameters and its upstream tasks."""
        self._fingerprint, self._data = fingerprint.fingerprint_of(type(self)), current_data(self)
        return f"{type(self).__module__}.{type(self).__qualname__} {self._fingerprint.digest} {self._data}"

    def to_str_params(
        self, only_significant: bool = False, only_public: bool = False
    ) -> dict[str, str]:
        """The parameters as luigi writes them; an upstream task as its id (written out it would hold all above it)."""
        if not (
            only_significant or only_public
        ):  # luigi's way to make a task again that a `run()` has yielded
            return {name: _whole(each, self.param_kwargs[name]) for name, each in self.get_params()}
        public = ParameterVisibility.PUBLIC
        asked = [
            (name, each)
            for name, each in self.get_params()
            if each.significant or not only_significant
        ]
        shown = [
            (name, each) for name, each in asked if each.visibility == public or not only_public
        ]
        return {
            name: _written(each, self.param_kwargs[name])
            for name, each in shown
            if name in self.param_kwargs
        }


def _has_id(task: Any) -> bool:
    """Whether a task has its id of this moment; what is no task of Labkart keeps its own."""
    if isinstance(task, TaskWithId):
        return task._moment == snapshot.generation()
    return getattr(task, "task_unique_id", "") is not None


def _forget(task: Any) -> None:
    """Forget what a task said of itself in an earlier moment."""
    if isinstance(task, TaskWithId):
        task.task_unique_id = None
        task._wrap()


def task_key(task: gokart.TaskOnKart[Any]) -> str:
    """`<Task>_<id>`: its name among the records, the locks and the outputs."""
    return f"{task.get_task_family()}_{task.make_unique_id()}"


def task_folder(task: gokart.TaskOnKart[Any]) -> Path:
    """Where its record lies, with its figures and tables."""
    return record.task_folder(task.get_task_family(), task.make_unique_id())


def upstream(task: gokart.TaskOnKart[Any]) -> list[Any]:
    """The tasks that it builds on directly."""
    return flatten(task.requires())


def output_paths(task: gokart.TaskOnKart[Any]) -> list[Path]:
    """The files that it writes: gokart's targets tell their path, luigi's own have it."""
    targets: list[Any] = flatten(task.output())
    paths: list[Any] = [each.path() if callable(each.path) else each.path for each in targets]
    return [Path(path).absolute() for path in paths]


def own_params(task: gokart.TaskOnKart[Any]) -> dict[str, str]:
    """The parameters but the upstream tasks, as luigi writes them."""
    params, tasks = task.to_str_params(only_significant=True), task.make_task_instance_dictionary()
    return {name: text for name, text in params.items() if name not in tasks}


def current_data(task: gokart.TaskOnKart[Any]) -> dict[str, dict[str, str]]:
    """The declared files and folders, with the digests of what is in them now."""
    found = {}
    for name, parameter in task.get_params():
        if isinstance(parameter, DataFile):
            path: Any = task.param_kwargs[name]
            sha256 = parameter.digest(path, f"{task.get_task_family()}.{name}")
            found[name] = {"path": parameter.serialize(path), "sha256": sha256}
            snapshot.depends_on(path, sha256)
    return found


@functools.cache
def _params(task: type[TaskWithId[Any]]) -> list[tuple[str, luigi.Parameter[Any]]]:
    return super(TaskWithId, task).get_params()


def _whole(parameter: luigi.Parameter[Any], value: Any) -> str:
    """A parameter so that it can be read again; an upstream task in gokart's way."""
    if isinstance(value, gokart.TaskOnKart):
        params = bz2.compress(json.dumps(value.to_str_params()).encode()).hex()
        return json.dumps({"type": value.get_task_family(), "params": params})
    if isinstance(parameter, gokart.ListTaskInstanceParameter):
        return json.dumps([_whole(parameter, each) for each in value])
    return str(parameter.serialize(value))


def _written(parameter: luigi.Parameter[Any], value: Any) -> str:
    if isinstance(value, gokart.TaskOnKart):
        return value.make_unique_id()
    if (
        value
        and isinstance(value, list | tuple)
        and all(isinstance(each, gokart.TaskOnKart) for each in value)
    ):
        return " ".join(each.make_unique_id() for each in value)
    return str(parameter.serialize(value))
