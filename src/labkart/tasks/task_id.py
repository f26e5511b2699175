"""What makes a task itself: parameters, upstream tasks, reached code, packages, declared files.

Asks `fingerprint` about code and packages. Runs nothing and reads no records.
"""

import bz2
import functools
import inspect
import json
from collections.abc import Callable, Mapping
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


class _IdParts:
    """What an id was made of. In the class below type checkers would take it for parameters."""

    _fingerprint: Fingerprint
    _generation: int
    _data: dict[str, dict[str, str]]


class TaskWithId(_IdParts, gokart.TaskOnKart[T]):
    """The part of a task that gives it an id.

    Its helpers are functions of this module, because a student may call a parameter `key`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._generation = 0
        self._wrap_methods()

    def _wrap_methods(self) -> None:
        """Call `requires` once per snapshot; on the instance, so that it covers subclasses."""
        vars(self).pop("requires", None)
        requires: Callable[[], Any] = self.requires
        is_generator = inspect.isgeneratorfunction(requires)

        @functools.cache
        def requires_once() -> Any:
            return list(requires()) if is_generator else requires()

        vars(self)["requires"] = requires_once

    def __repr__(self) -> str:
        """Short: luigi describes a task whenever it makes another one that builds on it."""
        params = ", ".join(f"{name}={text}" for name, text in own_params(self).items())
        return f"{self.get_task_family()}({params})"

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """The parameters as luigi lists them, looked up once per class."""
        return _params(cls)

    def make_unique_id(self) -> str:
        """The task's id: of its parameters, its upstream tasks' ids, its code, packages and data.

        Raises:
            LabkartError: a declared file does not exist, or the task needs itself.
        """
        waiting: list[gokart.TaskOnKart[Any]] = [self]
        opened = set[int]()
        while not _has_id(self):  # a loop, for a pipeline may be longer than Python's stack
            task = waiting[-1]
            if id(task) not in opened:
                _forget_id(task)
            needed = [] if _has_id(task) else flatten(task.requires())
            missing = [upstream_task for upstream_task in needed if not _has_id(upstream_task)]
            if missing and id(task) in opened:  # all of them were opened, and one came back to it
                path = f"by way of {missing[0].get_task_family()}"
                raise LabkartError(f"{task.get_task_family()} needs itself, {path}.")
            opened.add(id(task))
            waiting.extend(missing)
            if not missing:
                _make_id(waiting.pop())
        return str(self.task_unique_id)

    def get_own_code(self) -> str:
        """The id's parts beside parameters and upstream tasks: gokart calls this for each id."""
        self._fingerprint = fingerprint.fingerprint_of(type(self))
        self._data = current_data(self)
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        return f"{name} {self._fingerprint.digest} {self._data}"

    def to_str_params(
        self, only_significant: bool = False, only_public: bool = False
    ) -> dict[str, str]:
        """The parameters as texts; an upstream task as its id.

        Without a restriction they are whole, with all upstream tasks: luigi needs them so to make
        a task again that a `run()` has yielded.
        """
        if not (only_significant or only_public):
            params, values = self.get_params(), self.param_kwargs
            return {name: _whole_text(parameter, values[name]) for name, parameter in params}
        texts: dict[str, str] = {}
        for name, parameter in self.get_params():
            is_hidden = only_public and parameter.visibility != ParameterVisibility.PUBLIC
            is_left_out = only_significant and not parameter.significant
            if name in self.param_kwargs and not is_hidden and not is_left_out:
                texts[name] = _short_text(parameter, self.param_kwargs[name])
        return texts


def _has_id(task: Any) -> bool:
    """Whether a task has its id of this snapshot; a task that is not Labkart's keeps its own."""
    if isinstance(task, TaskWithId):
        return task._generation == snapshot.generation()
    return getattr(task, "task_unique_id", "") is not None


def _make_id(task: gokart.TaskOnKart[Any]) -> None:
    """Make the id of a task whose upstream tasks have theirs."""
    gokart.TaskOnKart.make_unique_id(task)
    if isinstance(task, TaskWithId):
        task._generation = snapshot.generation()


def _forget_id(task: gokart.TaskOnKart[Any]) -> None:
    """Forget the id and the upstream tasks of an earlier snapshot."""
    if isinstance(task, TaskWithId):
        task.task_unique_id = None
        task._wrap_methods()


def task_key(task: gokart.TaskOnKart[Any]) -> str:
    """`<Task>_<id>`: its name among the records, the locks and the outputs."""
    return f"{task.get_task_family()}_{task.make_unique_id()}"


def task_folder(task: gokart.TaskOnKart[Any]) -> Path:
    """The folder of its record, its figures and its tables."""
    return record.task_folder(task.get_task_family(), task.make_unique_id())


def upstream(task: gokart.TaskOnKart[Any]) -> list[Any]:
    """The tasks that it builds on directly."""
    return flatten(task.requires())


def output_paths(task: gokart.TaskOnKart[Any]) -> list[Path]:
    """The files that it writes; `path` is a method of gokart's targets, an attribute of luigi's."""
    paths: list[Any] = [target.path for target in flatten(task.output())]
    return [Path(str(path() if callable(path) else path)).absolute() for path in paths]


def own_params(task: gokart.TaskOnKart[Any]) -> dict[str, str]:
    """The parameters as texts, without the upstream tasks."""
    texts = task.to_str_params(only_significant=True)
    upstream_params = task.make_task_instance_dictionary()
    return {name: text for name, text in texts.items() if name not in upstream_params}


def task_fingerprint(task: TaskWithId[Any]) -> Fingerprint:
    """The code and the packages in its id."""
    return task._fingerprint


def task_data(task: TaskWithId[Any]) -> Mapping[str, dict[str, str]]:
    """The declared files and folders in its id, by parameter, each with its digest."""
    return task._data


def current_data(task: gokart.TaskOnKart[Any]) -> dict[str, dict[str, str]]:
    """The declared files and folders, by parameter, with the digests of their present content."""
    data: dict[str, dict[str, str]] = {}
    for name, parameter in task.get_params():
        if isinstance(parameter, DataFile):
            path: Any = task.param_kwargs[name]
            sha256 = parameter.digest(path, f"{task.get_task_family()}.{name}")
            data[name] = {"path": parameter.serialize(path), "sha256": sha256}
            snapshot.depends_on(path, sha256)
    return data


@functools.cache
def _params(task: type[TaskWithId[Any]]) -> list[tuple[str, luigi.Parameter[Any]]]:
    return super(TaskWithId, task).get_params()


def _whole_text(parameter: luigi.Parameter[Any], value: Any) -> str:
    """A parameter so that it can be read again; an upstream task in gokart's way."""
    if isinstance(value, gokart.TaskOnKart):
        params = bz2.compress(json.dumps(value.to_str_params()).encode()).hex()
        return json.dumps({"type": value.get_task_family(), "params": params})
    if isinstance(parameter, gokart.ListTaskInstanceParameter):
        return json.dumps([_whole_text(parameter, task) for task in value])
    return str(parameter.serialize(value))


def _short_text(parameter: luigi.Parameter[Any], value: Any) -> str:
    """A parameter as an id's part; an upstream task as its id."""
    if isinstance(value, gokart.TaskOnKart):
        return value.make_unique_id()
    is_list = isinstance(value, list | tuple) and bool(value)
    if is_list and all(isinstance(task, gokart.TaskOnKart) for task in value):
        return " ".join(task.make_unique_id() for task in value)
    return str(parameter.serialize(value))
