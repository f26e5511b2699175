"""Calls the student's pipeline function, and explains the mistakes in it. Runs no task."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError

from labkart import project
from labkart.errors import LabkartError, describe, nearest
from labkart.records.query import flatten
from labkart.tasks.context import context
from labkart.tasks.task import Task
from labkart.tasks.task_id import upstream


def pipeline_tasks(cfg: DictConfig) -> dict[str, Task[Any]]:
    """All tasks of the student's pipeline by label; raises as `call_pipeline` and `label_tasks`."""
    result = call_pipeline(cfg)
    with _explained_errors(cfg):  # a student's `requires()` runs here
        return label_tasks(result)


def call_pipeline(cfg: DictConfig) -> Task[Any]:
    """The last task, as the student's function makes it from a configuration.

    Raises:
        LabkartError: it returns no task, or fails.
    """
    entry = project.current().entry
    module_name, _, function = entry.partition(":")
    with _explained_errors(cfg):
        module = import_module(module_name)
        _check_location(module)
        result = getattr(module, function)(cfg)
        if not isinstance(result, Task):
            remedy = "Let it end with: return make(YourLastTask, ...)"
            raise LabkartError(f"{entry} returned {result!r}. {remedy}")
        return result


def label_tasks(result: Task[Any]) -> dict[str, Task[Any]]:
    """The tasks that `result` needs, and itself, each once, upstream tasks first.

    A label is the class's name, with a number if there are several tasks of the class.

    Raises:
        LabkartError: two classes have one name, or a task is not a Labkart task.
    """
    tasks: dict[str, Task[Any]] = {}
    classes: dict[str, type] = {}
    counts = Counter[str]()
    for task in _upstream_first(result):
        name = task.get_task_family()
        if classes.setdefault(name, type(task)) is not type(task):
            modules = f"{classes[name].__module__} and {type(task).__module__}"
            raise LabkartError(f"There is a {name} in {modules}. Rename one: names must be unique.")
        counts[name] += 1
        tasks[f"{name}-{counts[name]}" if counts[name] > 1 else name] = task
    return tasks


def _upstream_first(result: Task[Any]) -> list[Task[Any]]:
    """The tasks in the order in which they can run, each once."""
    ordered: dict[str, Task[Any]] = {}
    waiting = [(result, False)]
    while waiting:  # a loop, for a pipeline may be longer than Python's stack
        task, is_expanded = waiting.pop()
        if is_expanded:
            ordered.setdefault(task.make_unique_id(), task)
        elif task.make_unique_id() not in ordered:
            waiting.append((task, True))
            waiting.extend((needed, False) for needed in reversed(_checked_upstream(task)))
    return list(ordered.values())


def _checked_upstream(task: Task[Any]) -> list[Task[Any]]:
    needed = upstream(task)
    for upstream_task in needed:
        if not isinstance(upstream_task, Task):
            name = type(upstream_task).__name__
            raise LabkartError(
                f"{task.get_task_family()} needs {upstream_task!r}, which is not a Labkart task."
                f" Let {name} inherit from labkart.Task."
            )
    return needed


def _check_location(module: ModuleType) -> None:
    """Refuse the code of another project: one that was copied with its `.venv` would run it."""
    root = project.current().root
    file = Path(str(module.__file__))
    if not file.is_relative_to(root / "src"):
        name = module.__name__.partition(".")[0]
        raise LabkartError(f"{name} is imported from {file.parent}, not from {root}. Run: uv sync")


@contextmanager
def _explained_errors(cfg: DictConfig) -> Iterator[None]:
    """Turn a mistake in the student's code into a sentence."""
    root = project.current().root
    try:
        yield
    except LabkartError:
        raise
    except ConfigAttributeError as error:
        place = describe(error, root).partition(": ")[0]
        raise LabkartError(f"{place}: {_explain_missing(str(error.full_key), cfg)}") from None
    except Exception as error:
        reason = describe(error, root)
        if isinstance(error, KeyError):
            reason += _explain_unknown_name(error.args[0], cfg)
        raise LabkartError(f"{reason}\nThe pipeline cannot be made; nothing has run.") from error


def _explain_missing(key: str, cfg: DictConfig) -> str:
    """Which file lacks a setting that the student's code reads."""
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(cfg, parent)
    hint = nearest(name, map(str, node)) if isinstance(node, DictConfig) else ""
    problem = f'{context.source.describe(node)} has no "{key}".'
    return " ".join(filter(None, (problem, hint, "Add it there, or name another one here.")))


def _explain_unknown_name(name: Any, cfg: DictConfig) -> str:
    """Which setting has a value that the student's code does not know."""
    for key, value in flatten(OmegaConf.to_container(cfg)):
        if value == name and isinstance(name, str):
            source = context.source.describe(OmegaConf.select(cfg, key.rpartition(".")[0]), key)
            where = source if "=" in source else f"{key} in {source}"
            return f" ({where}). Add it to what this line chooses from, or name another one."
    return ""
