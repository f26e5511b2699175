"""From configuration to task: `make`, which checks a node against the task's parameters, and says where it is from."""

from collections.abc import Mapping
from typing import Any, TypeVar

import luigi
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from luigi.parameter import OptionalParameterMixin, ParameterException
from omegaconf import (
    BooleanNode,
    DictConfig,
    FloatNode,
    IntegerNode,
    ListConfig,
    OmegaConf,
    StringNode,
)
from omegaconf.errors import OmegaConfBaseException

from labkart.errors import LabkartError, did_you_mean
from labkart.tasks.config_source import describe_source
from labkart.tasks.data_files import DataFile

TaskT = TypeVar("TaskT", bound=luigi.Task)

# Which OmegaConf node checks which parameter, and what a student calls the type.
_TYPES: tuple[tuple[type, type, str], ...] = (
    (luigi.BoolParameter, BooleanNode, "true or false"),
    (luigi.IntParameter, IntegerNode, "a whole number"),
    (luigi.FloatParameter, FloatNode, "a number"),
    (luigi.StrParameter, StringNode, "a text"),
)
_TASKS = (TaskInstanceParameter, ListTaskInstanceParameter)


def make(
    task: type[TaskT], node: Mapping[str, Any] | DictConfig | None = None, **given: Any
) -> TaskT:
    """A task from a node of the configuration and from what the pipeline gives it.

    Args:
        task: the class to make.
        node: its parameters by name.
        **given: upstream tasks, and parameters that come from elsewhere in the configuration.

    Raises:
        LabkartError: a parameter is unknown, missing, given twice or of the wrong type; says where, and what to do.
    """
    name, declared = task.__name__, dict(task.get_params())
    values = _values(name, node)
    for key in {**values, **given}:
        where, known = (
            (describe_source(node), _settable(declared))
            if key in values
            else ("pipeline", declared)
        )
        if key not in declared:
            raise LabkartError(
                f'{where}: {name} has no parameter "{key}". {did_you_mean(key, known)}'
            )
        if key in values and key in given:
            raise LabkartError(
                f'{where}: "{key}" of {name} already comes from the pipeline. Remove one of them.'
            )
        wanted = (
            declared[key].expected_type
            if isinstance(declared[key], TaskInstanceParameter)
            else object
        )
        if not isinstance(given.get(key, values.get(key)), wanted):
            other = type(given.get(key, values.get(key))).__name__
            remedy = f"Give it one, or declare {key} with expected_type=Task"
            raise LabkartError(
                f"pipeline: {name}.{key} wants a {wanted.__name__}, not a {other}. {remedy}."
            )
    typed = {
        key: _typed(declared[key], value, node, f"{name}.{key}") for key, value in values.items()
    }
    typed |= {
        key: _typed(declared[key], value, None, f"{name}.{key}")
        for key, value in _values(name, given).items()
    }
    try:
        return task(**typed)
    except ParameterException:
        raise LabkartError(_missing(name, declared, set(typed), node)) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise LabkartError(f"pipeline: {name} does not take these values: {error}") from error


def _values(name: str, node: Any) -> dict[str, Any]:
    if not isinstance(node, DictConfig | Mapping | None):
        raise LabkartError(
            f"conf: {name} wants its parameters by name (name: value), not {node!r}."
        )
    for key in node or ():
        if isinstance(node, DictConfig) and OmegaConf.is_missing(node, key):
            path = node._get_full_key(key)
            raise LabkartError(
                f'{describe_source(node)}: "{path}" has no value yet. Write one there, or add {path}=... here.'
            )
    try:
        return {str(key): _plain(value) for key, value in (node or {}).items()}
    except OmegaConfBaseException as error:
        raise LabkartError(f"{describe_source(node)}: {str(error).splitlines()[0]}") from None


def _plain(value: Any) -> Any:
    """A node of the configuration as Python's own lists and dictionaries; raises where a value is still missing."""
    nested = isinstance(value, DictConfig | ListConfig)
    return OmegaConf.to_container(value, resolve=True, throw_on_missing=True) if nested else value


def _typed(parameter: luigi.Parameter[Any], value: Any, node: Any, name: str) -> Any:
    """The value as the parameter's type, converted only where nothing is lost (2 to 2.0, but not 2.5 to 2)."""
    if isinstance(parameter, _TASKS) or (
        value is None and isinstance(parameter, OptionalParameterMixin)
    ):
        return value
    plain = type(parameter) in (luigi.Parameter, luigi.OptionalParameter)  # luigi's word for a text
    rest = (StringNode if plain else None, "a text")
    check, words = next(
        ((check, words) for kind, check, words in _TYPES if isinstance(parameter, kind)), rest
    )
    try:
        if check:
            return check(value, is_optional=False)._value()
        found = (
            parameter.parse(str(value)) if isinstance(value, str | int | float | None) else value
        )
    except Exception as error:  # each kind of parameter has its own
        said = f"wants {words}, not {value!r}" if check else f"does not take {value!r}: {error}"
        raise LabkartError(f"{describe_source(node, name)}: {name} {said}.") from None
    if isinstance(parameter, DataFile) and node and (wrong := parameter.lack(found)):
        raise LabkartError(f"{describe_source(node, name)}: {name}: {wrong}")
    return found


def _missing(
    name: str, declared: Mapping[str, luigi.Parameter[Any]], present: set[str], node: Any
) -> str:
    absent = [
        key
        for key in declared
        if key not in present and not declared[key].has_task_value(name, key)
    ]
    for key in absent:
        if key in _settable(declared):
            return f'{describe_source(node)}: {name} needs "{key}" and nothing gives it. Add a line "{key}: ..." there.'
    return f"pipeline: {name} needs its upstream task. Write make({name}, ..., {absent[0]}=...)."


def _settable(declared: Mapping[str, luigi.Parameter[Any]]) -> list[str]:
    """The parameters that a configuration file can give: all but tasks."""
    return [key for key, parameter in declared.items() if not isinstance(parameter, _TASKS)]
