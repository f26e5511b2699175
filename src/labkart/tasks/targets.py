"""What a task writes and reads: gokart's `dump` and `load`, with mistakes told in a sentence.

Knows upstream tasks and outputs by name. For what a file can hold see `file_formats`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, TypeVar, overload

import gokart
from gokart.file_processor import FileProcessor
from gokart.target import TargetOnKart
from gokart.utils import flatten

from labkart.errors import LabkartError
from labkart.language import join_sentences, mistake, translate
from labkart.tasks.file_formats import FileFormat, describe_output, file_format, file_processor
from labkart.tasks.task_id import TaskWithId, upstream
from labkart.wording import describe_type, did_you_mean

T = TypeVar("T")
K = TypeVar("K")


class TaskWithOutputs(TaskWithId[T]):
    """The part of a task that writes outputs, and reads those of upstream tasks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._formats: dict[str, FileFormat | None] = {}  # by path, where the suffix says which
        super().__init__(*args, **kwargs)

    @overload
    def load(self, target: str | TargetOnKart | None = None) -> Any: ...

    @overload
    def load(self, target: gokart.TaskOnKart[K]) -> K: ...

    @overload
    def load(self, target: list[gokart.TaskOnKart[K]]) -> list[K]: ...

    @overload
    def load(self, target: gokart.TaskOnKart[Any], name: str) -> Any: ...

    def load(self, target: Any = None, name: str | None = None) -> Any:
        """The output of an upstream task.

        Args:
            target: the task, or its name in `requires()`; a list of tasks gives a list.
            name: which of its outputs, where `output()` returns a dictionary; all without it.

        Raises:
            LabkartError: this task does not need that one, or its output cannot be read.
        """
        self._check_input(target)
        if name is not None:
            target = _output(target, name, f"self.load(self.{_param(self, target)})")
        with self._explained("read", target):
            return super().load(target)

    def load_generator(self, target: Any = None) -> Generator[Any, None, None]:
        """The outputs of upstream tasks one after another, for what does not fit into memory."""
        self._check_input(target)
        return super().load_generator(target)

    @overload
    def dump(
        self, obj: T, target: None = None, custom_labels: dict[Any, Any] | None = None
    ) -> None: ...

    @overload
    def dump(
        self, obj: Any, target: str | TargetOnKart, custom_labels: dict[Any, Any] | None = None
    ) -> None: ...

    def dump(
        self, obj: Any, target: Any = None, custom_labels: dict[Any, Any] | None = None
    ) -> None:
        """Write the output, or one of several by its name in `output()`.

        Args:
            obj: the value; what its file can hold is on the page `labkart docs outputs`.
            target: the name of the output, where `output()` returns a dictionary.
            custom_labels: gokart's own; labels for a file in a cloud.

        Raises:
            LabkartError: there is no such output, or its file cannot hold this value.
        """
        if target is None or isinstance(target, str):
            target = _output(self, target, "self.dump(value)")
        elif not isinstance(target, TargetOnKart):
            raise mistake(
                "self.dump(...) got {type} as the name."
                ' The value comes first: self.dump(value, "name").',
                type=describe_type(target),
            )
        if content := self._formats.get(target.path()):
            content.check(obj, _suffix(target))
        with self._explained("written", target, obj):
            super().dump(obj, target, custom_labels)

    def make_target(
        self,
        relative_file_path: str | None = None,
        use_unique_id: bool = True,
        processor: FileProcessor | None = None,
    ) -> TargetOnKart:
        """A file of the output; without a path a `.pkl`, which keeps any value.

        Raises:
            LabkartError: nothing writes files with this suffix.
        """
        if relative_file_path is None or processor is not None:
            return super().make_target(relative_file_path, use_unique_id, processor)
        processor = file_processor(self, relative_file_path)
        target = super().make_target(relative_file_path, use_unique_id, processor)
        self._formats[target.path()] = file_format(self, relative_file_path)
        return target

    def make_model_target(
        self,
        relative_file_path: str,
        save_function: Callable[[Any, str], None],
        load_function: Callable[[str], Any],
        use_unique_id: bool = True,
    ) -> TargetOnKart:
        """A `.zip` of what two functions of yours write and read, by `(value, path)` and `(path)`.

        Raises:
            LabkartError: the path has another suffix.
        """
        if not relative_file_path.endswith(".zip"):
            raise mistake(
                '{task}.output(): make_model_target writes a ".zip", got {path!r}.',
                task=self.get_task_family(),
                path=relative_file_path,
            )
        return super().make_model_target(
            relative_file_path, save_function, load_function, use_unique_id
        )

    def _check_input(self, target: Any) -> None:
        """Refuse what `load` cannot find among the upstream tasks."""
        if isinstance(target, list | tuple):
            for item in target:
                self._check_input(item)
        elif isinstance(target, gokart.TaskOnKart):
            ids = {needed.make_unique_id() for needed in upstream(self)}
            if target.make_unique_id() not in ids:
                raise mistake(
                    "{task} does not need {name}. Declare it:"
                    " ...: TaskInstanceParameter[{name}] = TaskInstanceParameter().",
                    task=self.get_task_family(),
                    name=target.get_task_family(),
                )
        elif isinstance(target, str):
            needed = self.requires()
            names = list(needed) if isinstance(needed, Mapping) else []
            if target not in names:
                problem = translate(
                    '{task} has no upstream task "{name}".',
                    task=self.get_task_family(),
                    name=target,
                )
                raise LabkartError(join_sentences(problem, did_you_mean(target, names)))
        elif not (target is None or isinstance(target, TargetOnKart)):
            raise mistake(
                "self.load(...) takes an upstream task or its name, got {type}.",
                type=describe_type(target),
            )

    @contextmanager
    def _explained(self, verb: str, target: Any, value: Any = None) -> Iterator[None]:
        """Say which output could not be read or written. What the system says is left as it is."""
        try:
            yield
        except (LabkartError, OSError, MemoryError):
            raise
        except Exception as error:  # each library raises its own
            parts = [part for part in error.args if isinstance(part, str)]
            reason = " ".join("; ".join(parts or [type(error).__name__]).split())
            suffix = _suffix(target)
            reason = reason.rstrip(".")
            if verb == "written":
                problem = _describe_failed_dump(value, suffix, reason)
            else:
                problem = _describe_failed_load(target, suffix, reason)
            raise LabkartError(problem) from error


def _describe_failed_dump(value: Any, suffix: str, reason: str) -> str:
    problem = translate(
        "{type} cannot be written to a {suffix} file: {reason}.",
        type=describe_type(value),
        suffix=suffix,
        reason=reason,
    )
    remedies = {
        ".pkl": translate(
            "Dump what it is made of (numbers, arrays, a dict), or leave that part out."
        ),
        ".parquet": translate("A column must have one type. .pkl keeps any value."),
        ".feather": translate("A column and the index must have one type. .pkl keeps any value."),
    }
    return join_sentences(problem, remedies.get(suffix, ""))


def _describe_failed_load(target: Any, suffix: str, reason: str) -> str:
    if suffix:
        return translate("a {suffix} file cannot be read: {reason}.", suffix=suffix, reason=reason)
    return translate(
        "the output of {names} cannot be read: {reason}.", names=_names(target), reason=reason
    )


def _suffix(target: Any) -> str:
    return PurePath(target.path()).suffix if isinstance(target, TargetOnKart) else ""


def _names(target: Any) -> str:
    """The upstream tasks that are read, in words."""
    tasks = [task for task in flatten(target) if isinstance(task, gokart.TaskOnKart)]
    names = {task.get_task_family(): None for task in tasks}
    return ", ".join(names) or str(target or translate("an upstream task"))


def _output(task: Any, name: str | None, call: str) -> TargetOnKart:
    """An output of a task by its name; without a name the only one."""
    output, owner = task.output(), task.get_task_family()
    names = list(output) if isinstance(output, Mapping) else []
    if name is None and isinstance(output, TargetOnKart):
        return output
    if name is None and names:
        raise mistake(
            '{task} has outputs with names: {names}. Name one: self.dump(value, "{name}").',
            task=owner,
            names=", ".join(names),
            name=names[0],
        )
    if name is None:
        raise LabkartError(describe_output(task, output))
    if isinstance(output, TargetOnKart):
        raise mistake(
            '{task} has one output, without a name "{name}". Write {call}.',
            task=owner,
            name=name,
            call=call,
        )
    if name not in names:
        problem = translate('{task} has no output "{name}".', task=owner, name=name)
        raise LabkartError(join_sentences(problem, did_you_mean(name, names)))
    target: TargetOnKart = output[name]
    return target


def _param(task: gokart.TaskOnKart[Any], upstream_task: Any) -> str:
    """Under which name a task has an upstream task."""
    params = task.make_task_instance_dictionary()
    return next((name for name in params if params[name] is upstream_task), "task")
