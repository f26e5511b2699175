"""The parameters of a task as texts: exact for its id, readable for its record.

Knows values of any type, and no ids but those of tasks that are values.
"""

import dataclasses
import hashlib
import ipaddress
import json
import re
import sys
import uuid
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import gokart
import luigi
from luigi.date_interval import DateInterval
from luigi.freezing import FrozenOrderedDict

from labkart.language import mistake
from labkart.tasks.data_files import DataFile

# Two of these are equal exactly if their types and their texts are.
_FAITHFUL = (date, time, timedelta, tzinfo, zoneinfo.ZoneInfo, Decimal, Fraction, uuid.UUID, range)
_FAITHFUL += (slice, ipaddress.IPv4Address, ipaddress.IPv6Address)
_LIBRARIES = ("luigi.parameter", "gokart.parameter")
_LONG = 10_000  # bits; Python refuses to write much longer integers with decimal digits


class UnknownValueError(TypeError):
    """A value of a type that no exact text is known for."""


def exact_texts(task: gokart.TaskOnKart[Any]) -> dict[str, str]:
    """The significant parameters as texts that differ whenever the values do.

    Raises:
        LabkartError: a value may differ where no text would show it.
    """
    return _texts(task, exact_text)


def own_params(task: gokart.TaskOnKart[Any]) -> dict[str, str]:
    """The parameters as texts for people, without the upstream tasks."""
    texts = _texts(task, readable_text)
    return {name: text for name, text in texts.items() if not _is_upstream(task.param_kwargs[name])}


def _texts(task: gokart.TaskOnKart[Any], text_of: Callable[[Any], str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, parameter in task.get_params():
        if parameter.significant:
            text = _text(parameter, task.param_kwargs[name], text_of)
            if text is None:
                raise mistake(
                    "{task}.{name} is a {type}, of which no id can be made. Give numbers,"
                    " texts, lists or dictionaries, or let an upstream task make it.",
                    task=task.get_task_family(),
                    name=name,
                    type=type(task.param_kwargs[name]).__name__,
                )
            texts[name] = text
    return texts


def _text(parameter: luigi.Parameter[Any], value: Any, text_of: Callable[[Any], str]) -> str | None:
    """The text of a value; None if neither it nor its parameter has one."""
    if isinstance(parameter, DataFile | gokart.SerializableParameter):  # they know what counts
        return str(parameter.serialize(value))
    try:
        return text_of(value)
    except UnknownValueError:
        is_own = type(parameter).serialize.__module__ not in _LIBRARIES
        return str(parameter.serialize(value)) if is_own else None


def _is_upstream(value: Any) -> bool:
    """Whether a parameter's value is a task or a list of tasks."""
    items = value if isinstance(value, list | tuple) and value else [value]
    return all(isinstance(item, gokart.TaskOnKart) for item in items)


def exact_text(value: Any) -> str:
    """A text that two values share only if they are of the same type and equal, at any depth.

    `1`, `1.0`, `True` and `"1"` differ, as do `None` and `""`, `0.0` and `-0.0`, and dictionaries
    in another order. A task stands for its result: its text is its id.

    Raises:
        UnknownValueError: the value, or one in it, may differ where no text would show it.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, complex, str, bytes):
        return _plain_text(value)
    if isinstance(value, type):
        return f"class {_name(value)}"
    if isinstance(value, luigi.Task):
        return f"{kind.__name__}({_task_id(value)})"
    if isinstance(value, Enum):
        return f"{_name(kind)}.{value.name or value.value}"
    return _container_text(value) or f"{_name(kind)}({_content_text(value)})"


def _plain_text(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > _LONG:
        return hex(value)
    if isinstance(value, complex):  # its own text has no place for the sign of each zero
        return f"complex({value.real!r}, {value.imag!r})"
    return repr(value)


def value_classes(task: gokart.TaskOnKart[Any]) -> list[type]:
    """The classes that the parameters are, or are objects of: code that the task may run."""
    given: dict[str, Any] = task.param_kwargs
    values = [given[name] for name, parameter in task.get_params() if parameter.significant]
    items = [item for item in values_in(values) if not isinstance(item, luigi.Task)]
    classes = {item if isinstance(item, type) else type(item) for item in items}
    foreign = {
        it for it in classes if it.__module__.partition(".")[0] not in sys.stdlib_module_names
    }
    return sorted(foreign, key=_name)


def values_in(value: Any) -> Iterator[Any]:
    """A value, and those in it at any depth."""
    yield value
    items: Iterable[Any] = ()
    if isinstance(value, Mapping):
        items = (*value.keys(), *value.values())
    elif isinstance(value, list | tuple | Set):
        items = value
    elif not isinstance(value, type):
        items = (_fields(value) or {}).values()
    for item in items:
        yield from values_in(item)


def is_same(first: Any, second: Any) -> bool:
    """Whether two values are of the same types and equal, at any depth."""
    if first is second:
        return True
    try:
        return exact_text(first) == exact_text(second)
    except UnknownValueError:
        return False


def readable_text(value: Any) -> str:
    """A text for people, which still differs wherever a person may have written another value.

    Raises:
        UnknownValueError: as `exact_text`.
    """
    if isinstance(value, str | PurePath) and not isinstance(value, Enum):
        return '"None"' if str(value) == "None" else str(value)
    return str(value) if isinstance(value, bool | None) else _nested_text(value)


def _nested_text(value: Any) -> str:
    """The same in a list or a dictionary: as JSON, but keys may be of any type."""
    match value:
        case Enum():
            text = str(value.name or value.value)
        case str() | bool() | None:
            text = json.dumps(value, ensure_ascii=False)
        case Mapping():
            items = (f"{_nested_text(key)}: {_nested_text(item)}" for key, item in value.items())
            text = f"{{{', '.join(items)}}}"
        case list() | tuple():
            text = f"[{', '.join(map(_nested_text, value))}]"
        case float() | date() | time() | timedelta() | PurePath() | DateInterval():
            text = str(value)
        case _:
            text = exact_text(value)
    return text


def _container_text(value: Any) -> str:
    """The exact text of a container of Python's own, or luigi's frozen one; empty for others."""
    match value:
        case list():
            text = f"[{', '.join(map(exact_text, value))}]"
        case tuple():
            text = f"({', '.join(map(exact_text, value))})"
        case Mapping():
            items = (f"{exact_text(key)}: {exact_text(item)}" for key, item in value.items())
            text = f"{{{', '.join(items)}}}"
        case Set():
            text = f"set({', '.join(sorted(map(exact_text, value)))})"
        case _:
            return ""
    is_plain = type(value) in (list, tuple, dict, FrozenOrderedDict, set, frozenset)
    return text if is_plain else f"{_name(type(value))}{text}"


def _content_text(value: Any) -> str:
    """The exact text of what a value holds, without its type."""
    if isinstance(value, PurePath | re.Pattern):  # a pattern's own text ends at 200 characters
        return repr(str(value) if isinstance(value, PurePath) else (value.pattern, value.flags))
    if isinstance(value, _FAITHFUL):
        return repr(value)
    if isinstance(value, DateInterval):
        return f"{value.date_a!r}, {value.date_b!r}"
    if type(value).__module__ == "numpy":
        return _numpy_text(value)
    kinds: tuple[Any, ...] = (str, bytes, int, float, complex)
    for kind in kinds:
        if isinstance(value, kind):  # of a class that inherits from one of Python's own
            return _plain_text(kind(value))
    fields = _fields(value)
    if fields is None:
        raise UnknownValueError(type(value).__name__)
    return ", ".join(f"{name}={exact_text(item)}" for name, item in fields.items())


def _fields(value: Any) -> dict[str, Any] | None:
    """The fields of an object of a dataclass or of attrs; None of any other."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
    elif hasattr(type(value), "__attrs_attrs__"):
        names = [field.name for field in type(value).__attrs_attrs__]
    else:
        return None
    return {name: getattr(value, name) for name in names}


def _numpy_text(value: Any) -> str:
    """A number or an array of NumPy."""
    if not hasattr(value, "tobytes"):  # a data type
        return repr(value)
    if value.dtype.hasobject:
        return f"{value.dtype}, {exact_text(value.tolist())}"
    content = hashlib.sha256(value.tobytes()).hexdigest()
    return f"{value.dtype}, {value.shape}, {content}"


def _task_id(task: luigi.Task) -> str:
    return task.make_unique_id() if isinstance(task, gokart.TaskOnKart) else task.task_id


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
