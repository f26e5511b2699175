"""Calls the student's pipeline function, and explains the mistakes in it. Runs no task."""

import re
import reprlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    ConfigTypeError,
    OmegaConfBaseException,
)

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import side_effects
from labkart.experiments.labels import label_tasks
from labkart.language import join_sentences, mistake, translate
from labkart.nested import flatten
from labkart.records.names import TaskNames
from labkart.tasks import attributes, named_paths
from labkart.tasks.config_values import explain_value_error, suggest_setting
from labkart.tasks.context import context
from labkart.tasks.debugger import debugged
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream
from labkart.wording import describe_error

_KEY = re.compile(r"[\w-]+(?: +[\w-]+)*")  # of a result: part of a metric's name in MLflow


@dataclass(frozen=True)
class Pipeline:
    """The tasks of the student's pipeline.

    Attributes:
        tasks: all tasks by their labels, upstream tasks first.
        results: the label of each task that the function returned, by its key; the key of a task
            that was returned without one is its label.
    """

    tasks: dict[str, Task[Any]]
    results: dict[str, str]

    @classmethod
    def of(cls, cfg: DictConfig) -> "Pipeline":
        """What the student's function makes from a configuration.

        Raises:
            LabkartError: as `call_pipeline`; also if two classes have one name, a task is not a
                Labkart task, or the key of a result is the name of another task.
        """
        with _explained_errors(cfg):
            _pipeline_function()
        with side_effects.watched() as changes:
            returned = call_pipeline(cfg)
            with _explained_errors(cfg):  # a student's `requires()` runs here
                tasks = _upstream_first(returned.values())
                _check_classes(tasks)
                by_label = label_tasks(tasks)
        changes.check(tasks)
        for task in tasks:
            named_paths.report(task)
        labels = {task.make_unique_id(): label for label, task in by_label.items()}
        results: dict[str, str] = {}
        for key, task in returned.items():
            label = labels[task.make_unique_id()]
            results[label if isinstance(key, int) else key] = label
        pipeline = cls(by_label, results)
        pipeline._check_keys()
        return pipeline

    @property
    def names(self) -> TaskNames:
        """What a person may call the tasks."""
        classes = {label: task.get_task_family() for label, task in self.tasks.items()}
        return TaskNames(classes, self.results)

    def up_to(self, name: str) -> "Pipeline":
        """The part of the pipeline whose results are the tasks of a name.

        Raises:
            LabkartError: no task has the name.
        """
        labels = self.names.labels(name)
        needed = _upstream_first([self.tasks[label] for label in labels])
        ids = {task.make_unique_id() for task in needed}
        tasks = {label: task for label, task in self.tasks.items() if task.make_unique_id() in ids}
        keys = [name] if len(labels) == 1 else labels
        return Pipeline(tasks, dict(zip(keys, labels, strict=True)))

    def _check_keys(self) -> None:
        """Refuse a key that is the label or the class of another task."""
        classes = self.names.classes
        for key, label in self.results.items():
            if any(key in (other, classes[other]) for other in classes if other != label):
                raise mistake(
                    '{entry}: the key "{key}" of a result is also the name of another task.'
                    " Choose another key.",
                    entry=project.current().entry,
                    key=key,
                )


def call_pipeline(cfg: DictConfig) -> dict[str | int, Task[Any]]:
    """The tasks that the student's function returns for a configuration.

    Returns:
        The tasks by the keys of its dictionary, or by their numbers.

    Raises:
        LabkartError: it returns no task, or fails.
    """
    entry = project.current().entry
    with _explained_errors(cfg):
        return _returned_tasks(_pipeline_function()(cfg), entry)


def _pipeline_function() -> Callable[[DictConfig], Any]:
    """The student's function, imported."""
    module_name, _, name = project.current().entry.partition(":")
    module = import_module(module_name)
    _check_location(module)
    function: Callable[[DictConfig], Any] = getattr(module, name)
    return function


def _returned_tasks(returned: Any, entry: str) -> dict[str | int, Task[Any]]:
    if isinstance(returned, Task):
        return {0: returned}
    if not isinstance(returned, dict | list | tuple) or not returned:
        raise mistake(
            "{entry} returned {value}. Let it end with: return make(YourLastTask, ...)",
            entry=entry,
            value=_shortened(returned),
        )
    pairs = returned.items() if isinstance(returned, dict) else enumerate(returned)
    items: dict[Any, Any] = dict(pairs)
    for key, task in items.items():
        if not isinstance(task, Task):
            is_named = isinstance(returned, dict)
            raise mistake(
                "{entry} returned several results, and {item} is not a Labkart task: {value}."
                ' Return tasks, as {{"score": evaluate}}.',
                entry=entry,
                item=f'"{key}"' if is_named else translate("item {number}", number=key + 1),
                value=_shortened(task),
            )
        if isinstance(returned, dict) and not (isinstance(key, str) and _KEY.fullmatch(key)):
            raise mistake(
                "{entry}: {key!r} cannot be the key of a result."
                " Use letters, digits, spaces, _ and -.",
                entry=entry,
                key=key,
            )
    return items


def _shortened(value: object) -> str:
    """A value that a student's code returned, in one line."""
    return " ".join(reprlib.repr(value).split())


def _check_classes(tasks: Iterable[Task[Any]]) -> None:
    """Refuse two classes of one name."""
    classes: dict[str, type] = {}
    for task in tasks:
        name = task.get_task_family()
        if classes.setdefault(name, type(task)) is not type(task):
            raise mistake(
                "There is a {name} in {one} and {other}. Rename one: names must be unique.",
                name=name,
                one=classes[name].__module__,
                other=type(task).__module__,
            )


def _upstream_first(results: Collection[Task[Any]]) -> list[Task[Any]]:
    """The results and all that they need in the order in which they can run, each once."""
    ordered: dict[str, Task[Any]] = {}
    waiting = [(result, False) for result in reversed(list(results))]
    while waiting:  # a loop, for a pipeline may be longer than Python's stack
        task, is_expanded = waiting.pop()
        if is_expanded:
            ordered.setdefault(task.make_unique_id(), task)
        elif task.make_unique_id() not in ordered:
            waiting.append((task, True))
            waiting.extend((needed, False) for needed in reversed(_checked_upstream(task)))
    return list(ordered.values())


def _checked_upstream(task: Task[Any]) -> list[Task[Any]]:
    attributes.check(task)
    needed = upstream(task)
    for upstream_task in needed:
        if not isinstance(upstream_task, Task):
            name = type(upstream_task).__name__
            raise mistake(
                "{task} needs {upstream!r}, which is not a Labkart task."
                " Let {name} inherit from labkart.Task.",
                task=task.get_task_family(),
                upstream=upstream_task,
                name=name,
            )
    return needed


def _check_location(module: ModuleType) -> None:
    """Refuse the code of another project: one that was copied with its `.venv` would run it."""
    root = project.current().root
    file = Path(str(module.__file__))
    if not file.is_relative_to(root / "src"):
        name = module.__name__.partition(".")[0]
        raise mistake(
            "{package} is imported from {folder}, not from {root}. Run: uv sync",
            package=name,
            folder=file.parent,
            root=root,
        )


@contextmanager
def _explained_errors(cfg: DictConfig) -> Iterator[None]:
    """Turn a mistake in the student's code into a sentence."""
    root = project.current().root
    try:
        with debugged():
            yield
    except LabkartError:
        raise
    except (ConfigAttributeError, ConfigKeyError, ConfigTypeError) as error:
        place = describe_error(error, root).partition(": ")[0]
        raise LabkartError(f"{place}: {_explain_missing(error, cfg)}") from None
    except OmegaConfBaseException as error:
        raise LabkartError(explain_value_error(error)) from None
    except Exception as error:
        reason = describe_error(error, root)
        if isinstance(error, KeyError):
            reason += _explain_unknown_name(error.args[0], cfg)
        end = translate("The pipeline cannot be made; nothing has run.")
        raise LabkartError(f"{reason}\n{end}") from error


def _explain_missing(error: OmegaConfBaseException, cfg: DictConfig) -> str:
    """Which file lacks a setting that the student's code reads."""
    where = context.source.describe(error.parent_node)
    suggestion = suggest_setting(cfg, str(error.full_key).split("."))
    hint = suggestion.hint if suggestion.names_setting else ""
    problem = translate('{file} has no "{key}".', file=where, key=error.full_key)
    remedy = translate("Add it there, or name another one here.")
    return join_sentences(problem, hint, remedy)


def _explain_unknown_name(name: Any, cfg: DictConfig) -> str:
    """Which setting has a value that the student's code does not know."""
    for key, value in flatten(OmegaConf.to_container(cfg)):
        if isinstance(name, str) and value == name:
            where = context.source.describe(OmegaConf.select(cfg, key.rpartition(".")[0]), key)
            if "=" not in where:
                where = translate("{key} in {file}", key=key, file=where)
            remedy = translate("Add it to what this line chooses from, or name another one.")
            return f" ({where}). {remedy}"
    return ""
