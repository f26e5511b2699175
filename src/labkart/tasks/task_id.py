"""What makes a task itself: parameters, upstream tasks, reached code, packages, declared files.

Asks `fingerprint` about code and packages. Runs nothing and reads no records.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import gokart
import luigi
from gokart.utils import flatten
from luigi.parameter import ParameterVisibility
from luigi.task_register import Register

from labkart import digests, project
from labkart.digests import FileState
from labkart.errors import LabkartError
from labkart.fingerprint import fingerprint, snapshot
from labkart.fingerprint.fingerprint import Fingerprint
from labkart.language import mistake
from labkart.records import record
from labkart.tasks import attributes
from labkart.tasks.data_files import DataFile
from labkart.tasks.file_access import UndeclaredReads
from labkart.tasks.file_formats import describe_output
from labkart.tasks.handover import WholeParams
from labkart.tasks.params import exact_text, exact_texts, is_same, own_params, value_classes

T = TypeVar("T")


class _IdParts:
    """What an id was made of. In the class below type checkers would take it for parameters."""

    _fingerprint: Fingerprint
    _generation: int
    _data: dict[str, dict[str, str]]
    _attributes: dict[str, str]  # those that its own code has set
    _planning_reads: list[str]  # the files that `requires()` read, from the project's root


class _TaskClass(Register):
    """Makes tasks: luigi's cache of instances takes `1`, `1.0` and `True` for the same value."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        kind: Any = cls
        task = super().__call__(*args, **kwargs)
        given = dict(kind.get_param_values(kind.get_params(), args, kwargs))
        if not all(is_same(value, task.param_kwargs[name]) for name, value in given.items()):
            task = type.__call__(cls, *args, **kwargs)
        if "_attributes" not in vars(task):
            task._attributes = attributes.read(task)
        return task


class TaskWithId(_IdParts, gokart.TaskOnKart[T], metaclass=_TaskClass):
    """The part of a task that gives it an id.

    Its helpers are functions of this module, because a student may call a parameter `key`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._generation = 0
        self._wrap_methods()

    def _wrap_methods(self) -> None:
        """Call `requires` once per snapshot; on the instance, so that it covers subclasses.

        The files that it reads are noted.
        """
        vars(self).pop("requires", None)
        requires: Callable[[], Any] = self.requires

        @functools.cache
        def requires_once() -> Any:
            before = attributes.read(self)
            reads = UndeclaredReads(_declared_paths(self).values())
            with reads.collected():
                needed = requires()
                needed = list(needed) if isinstance(needed, Iterator) else needed
            self._planning_reads = list(reads.paths)
            attributes.note(self, before)
            return needed

        vars(self)["requires"] = requires_once

    def __repr__(self) -> str:
        """Short: luigi describes a task whenever it makes another one that builds on it."""
        params = ", ".join(f"{name}={text}" for name, text in own_params(self).items())
        return f"{self.get_task_family()}({params})"

    def __str__(self) -> str:
        """The same with the id, as gokart writes it."""
        return repr(self).replace("(", f"[{self.make_unique_id()}](", 1)

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
                names = {"task": task.get_task_family(), "other": missing[0].get_task_family()}
                raise mistake("{task} needs itself, by way of {other}.", **names)
            opened.add(id(task))
            waiting.extend(missing)
            if not missing:
                _make_id(waiting.pop())
        return str(self.task_unique_id)

    def to_str_params(
        self, only_significant: bool = False, only_public: bool = False
    ) -> dict[str, str]:
        """The parameters as exact texts, of which luigi makes its own id of the task.

        Without a restriction they can be made a task again, which luigi does with those that a
        `run()` has yielded.
        """
        if not (only_significant or only_public):
            return WholeParams(own_params(self), self)
        texts = exact_texts(self)
        for name, parameter in self.get_params():
            is_hidden = parameter.visibility != ParameterVisibility.PUBLIC
            if only_public and is_hidden and name in texts:
                texts[name] = _digest(texts[name])  # luigi shows the beginning of some
        return texts

    @classmethod
    def from_str_params(cls, params_str: Mapping[str, str]) -> Any:
        """The task whose unrestricted `to_str_params` these are."""
        return params_str.task if isinstance(params_str, WholeParams) else cls(**params_str)


def _has_id(task: Any) -> bool:
    """Whether a task has its id of this snapshot; a task that is not Labkart's keeps its own."""
    if isinstance(task, TaskWithId):
        return task._generation == snapshot.generation()
    return getattr(task, "task_unique_id", "") is not None


def _make_id(task: gokart.TaskOnKart[Any]) -> None:
    """Make the id of a task whose upstream tasks have theirs."""
    if not isinstance(task, TaskWithId):
        gokart.TaskOnKart.make_unique_id(task)
        return
    task._fingerprint = fingerprint.fingerprint_of(type(task), *value_classes(task))
    task._data = current_data(task)
    parts = [
        f"{type(task).__module__}.{type(task).__qualname__}",
        exact_text(exact_texts(task)),
        _upstream_text(task.requires()),
        task._fingerprint.digest,
        exact_text(task._data),
    ]
    task.task_unique_id = _digest("\n".join(parts))
    task._generation = snapshot.generation()


def _upstream_text(needed: Any) -> str:
    """What `requires()` returned: ids, with the keys and the order that `run()` sees."""
    if isinstance(needed, Mapping):
        items = (f"{exact_text(key)}: {_upstream_text(needed[key])}" for key in needed)
        return f"{{{', '.join(items)}}}"
    if isinstance(needed, Iterable) and not isinstance(needed, str):
        return f"[{', '.join(map(_upstream_text, needed))}]"
    return exact_text(needed) if getattr(needed, "significant", True) else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


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
    """The files that it writes; `path` is a method of gokart's targets, an attribute of luigi's.

    Raises:
        LabkartError: an output is no target.
    """
    targets = flatten(task.output())
    for target in targets:
        if not isinstance(target, luigi.Target):
            raise LabkartError(describe_output(task, target))
    paths: list[Any] = [target.path for target in targets]
    return [Path(str(path() if callable(path) else path)).absolute() for path in paths]


def output_states(task: gokart.TaskOnKart[Any]) -> list[FileState]:
    """The content of the files that it has written.

    Raises:
        LabkartError: one is missing, or an output is no target.
    """
    name = task.get_task_family()
    folder = project.current().outputs
    try:
        states = [digests.file_state(path, folder) for path in output_paths(task)]
    except FileNotFoundError:
        raise mistake(
            "{task}.run() ended without an output. Let it end with self.dump(...).", task=name
        ) from None
    if not states:
        raise mistake(
            "{task}.output() names no file. Let it return at least one target.", task=name
        )
    return states


def task_fingerprint(task: TaskWithId[Any]) -> Fingerprint:
    """The code and the packages in its id."""
    return task._fingerprint


def task_data(task: TaskWithId[Any]) -> Mapping[str, dict[str, str]]:
    """The declared files and folders in its id, by parameter, each with its digest."""
    return task._data


def current_data(task: TaskWithId[Any]) -> dict[str, dict[str, str]]:
    """The files and folders in its id, with the digests of their present content.

    Those that are declared have the names of their parameters, those that `requires()` read their
    own.
    """
    data: dict[str, dict[str, str]] = {}
    params: dict[str, Any] = dict(task.get_params())
    for name, path in _declared_paths(task).items():
        sha256 = params[name].digest(path, f"{task.get_task_family()}.{name}")
        data[name] = {"path": params[name].serialize(path), "sha256": sha256}
    for name in task._planning_reads:
        owner = f"{task.get_task_family()}.requires()"
        sha256 = _REQUIRED.digest(project.current().root / name, owner)
        data[name] = {"path": name, "sha256": sha256}
    for entry in data.values():
        snapshot.depends_on(project.current().root / entry["path"], entry["sha256"])
    return data


_REQUIRED = DataFile()


def _declared_paths(task: TaskWithId[Any]) -> dict[str, Path]:
    """The paths of the declared files and folders, by parameter."""
    given: dict[str, Any] = task.param_kwargs
    params = task.get_params()
    return {name: given[name] for name, param in params if isinstance(param, DataFile)}


@functools.cache
def _params(task: type[TaskWithId[Any]]) -> list[tuple[str, luigi.Parameter[Any]]]:
    return super(TaskWithId, task).get_params()
