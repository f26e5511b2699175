"""The parameters of a task as texts: exact for its id, readable for its record.

Knows which parameters write their own texts. For the values see `values`.
"""

from collections.abc import Callable
from typing import Any

import gokart
import luigi

from labkart.errors import LabkartError
from labkart.language import translate
from labkart.tasks import values
from labkart.tasks.data_files import DataFile

_LIBRARIES = ("luigi.parameter", "gokart.parameter")


def exact_texts(task: gokart.TaskOnKart[Any]) -> dict[str, str]:
    """The significant parameters as texts that differ whenever the values do.

    Raises:
        LabkartError: a value may differ where no text would show it.
    """
    return _texts(task, values.exact_text)


def own_params(task: gokart.TaskOnKart[Any]) -> dict[str, str]:
    """The parameters as texts for people, without the upstream tasks."""
    texts = _texts(task, values.readable_text)
    return {name: text for name, text in texts.items() if not _is_upstream(task.param_kwargs[name])}


def _texts(task: gokart.TaskOnKart[Any], text_of: Callable[[Any], str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, parameter in task.get_params():
        if parameter.significant:
            text = _text(parameter, task.param_kwargs[name], text_of)
            if text is None:
                raise LabkartError(
                    translate(
                        "{task}.{name} is a {type}, of which no id can be made. Give numbers,"
                        " texts, lists or dictionaries, or let an upstream task make it.",
                        task=task.get_task_family(),
                        name=name,
                        type=type(task.param_kwargs[name]).__name__,
                    )
                )
            texts[name] = text
    return texts


def _text(parameter: luigi.Parameter[Any], value: Any, text_of: Callable[[Any], str]) -> str | None:
    """The text of a value; None if neither it nor its parameter has one."""
    if isinstance(parameter, DataFile | gokart.SerializableParameter):  # they know what counts
        return str(parameter.serialize(value))
    try:
        return text_of(value)
    except values.UnknownValueError:
        is_own = type(parameter).serialize.__module__ not in _LIBRARIES
        return str(parameter.serialize(value)) if is_own else None


def _is_upstream(value: Any) -> bool:
    """Whether a parameter's value is a task or a list of tasks."""
    items = value if isinstance(value, list | tuple) and value else [value]
    return all(isinstance(item, gokart.TaskOnKart) for item in items)
