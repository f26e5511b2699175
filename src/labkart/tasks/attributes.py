"""What code sets on a task beside its parameters.

What the task's own methods set follows from its code, which its id covers. What the pipeline sets
is in no id, and refused.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from luigi.worker import TaskProcess

from labkart.fingerprint import harmless
from labkart.language import mistake
from labkart.tasks.params import UnknownValueError, exact_text

# What luigi and gokart set on any task, and what only decides when it runs.
_NO_VALUES = {"param_kwargs", "task_id", "task_log", "task_unique_id"}
_NO_VALUES |= set(TaskProcess.forward_reporter_attributes.values())
_NO_VALUES |= harmless.SCHEDULING | {"disabled"}


def read(task: Any) -> dict[str, str]:
    """The attributes that are neither parameters nor the library's, each with a text."""
    texts: dict[str, str] = {}
    for name, value in vars(task).items():
        is_cache = isinstance(getattr(type(task), name, None), cached_property)
        is_known = name in task.param_kwargs or name in _NO_VALUES or name.startswith("_")
        if not (is_known or is_cache or callable(value)):
            try:
                texts[name] = exact_text(value)
            except UnknownValueError:
                texts[name] = f"{type(value)} {id(value)}"
    return texts


def note(task: Any, before: Mapping[str, str]) -> None:
    """Note what a method of the task has set since `before`."""
    if "_attributes" in vars(task):
        now = read(task).items()
        task._attributes |= {name: text for name, text in now if before.get(name) != text}


def check(task: Any) -> None:
    """Refuse a task on which other code has set an attribute.

    Raises:
        LabkartError: says which, and what to do.
    """
    own = [name for name, text in read(task).items() if task._attributes.get(name) != text]
    params = task.param_kwargs.items()
    for name in [*own, *(name for name, value in params if vars(task)[name] is not value)]:
        family = task.get_task_family()
        raise mistake(
            "pipeline: {task}.{name} was set after the task was made, and no id covers it."
            " Let it be a parameter: make({task}, ..., {name}=value).",
            task=family,
            name=name,
        )
