"""From configuration to task: `make` checks a node against the task's parameters.

Knows where a wrong value comes from. Composes nothing, and gives no task its id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import luigi
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from luigi.parameter import OptionalParameterMixin, ParameterException
from omegaconf import DictConfig, ListConfig, OmegaConf, nodes
from omegaconf.errors import OmegaConfBaseException

from labkart._compat import config_key
from labkart.errors import LabkartError, did_you_mean
from labkart.tasks.context import context
from labkart.tasks.data_files import DataFile

TaskT = TypeVar("TaskT", bound=luigi.Task)

_UPSTREAM = (TaskInstanceParameter, ListTaskInstanceParameter)


@dataclass(frozen=True)
class _ValueType:
    """How values are checked: by a node of OmegaConf, which also converts, and in words."""

    node: nodes.ValueNode
    noun: str


_STRING = _ValueType(nodes.StringNode("", is_optional=False), "a string")
_VALUE_TYPES: dict[type, _ValueType] = {
    luigi.BoolParameter: _ValueType(nodes.BooleanNode(False, is_optional=False), "true or false"),
    luigi.IntParameter: _ValueType(nodes.IntegerNode(0, is_optional=False), "an integer"),
    luigi.FloatParameter: _ValueType(nodes.FloatNode(0.0, is_optional=False), "a number"),
    luigi.StrParameter: _STRING,
}


def make(
    task: type[TaskT], node: Mapping[str, Any] | DictConfig | None = None, **given: Any
) -> TaskT:
    """A task from a node of the configuration and from what the pipeline gives it.

    Args:
        task: the class to make.
        node: its parameters by name.
        **given: upstream tasks, and parameters that come from elsewhere in the configuration.

    Raises:
        LabkartError: a parameter is unknown, missing, given twice or of the wrong type; the message
            says where, and what to do.
    """
    maker = _Maker(task, node)
    values = maker.values(node)
    maker.check_names(values, given)
    maker.check_upstream({**values, **given})
    typed = {key: maker.typed(key, value, node) for key, value in values.items()}
    typed |= {key: maker.typed(key, value, None) for key, value in maker.values(given).items()}
    try:
        return task(**typed)
    except ParameterException:
        raise LabkartError(maker.describe_missing(set(typed))) from None
    except (AttributeError, TypeError, ValueError) as error:
        problem = f"{task.__name__} does not take these values: {error}"
        raise LabkartError(f"pipeline: {problem}") from error


class _Maker:
    """Checks the values of one task; speaks of them as a student wrote them."""

    def __init__(self, task: type[luigi.Task], node: Any) -> None:
        self._name = task.__name__
        self._node = node
        self._parameters: dict[str, luigi.Parameter[Any]] = dict(task.get_params())

    def values(self, node: Any) -> dict[str, Any]:
        """The values of a node as Python's own."""
        if not isinstance(node, DictConfig | Mapping | None):
            rule = "takes its parameters by name (name: value)"
            raise LabkartError(f"conf: {self._name} {rule}, got {node!r}.")
        if isinstance(node, DictConfig):
            _check_that_all_have_values(node)
        try:
            return {str(key): _plain(value) for key, value in (node or {}).items()}
        except OmegaConfBaseException as error:
            reason = str(error).splitlines()[0]
            raise LabkartError(f"{context.source.describe(node)}: {reason}") from None

    def check_names(self, values: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Refuse names that the task does not have, or that both the node and the pipeline give."""
        for key in {**values, **given}:
            where = context.source.describe(self._node) if key in values else "pipeline"
            if key not in self._parameters:
                names = self._settable if key in values else self._parameters
                problem = f'{self._name} has no parameter "{key}"'
                raise LabkartError(f"{where}: {problem}. {did_you_mean(key, names)}")
            if key in values and key in given:
                problem = f'"{key}" of {self._name} already comes from the pipeline'
                raise LabkartError(f"{where}: {problem}. Remove one of them.")

    def check_upstream(self, values: Mapping[str, Any]) -> None:
        """Refuse upstream tasks of another class than the parameter declares."""
        for key, value in values.items():
            parameter = self._parameters[key]
            if not isinstance(parameter, TaskInstanceParameter):
                continue
            expected, kind = parameter.expected_type, type(value).__name__
            if not isinstance(value, expected):
                problem = f"{self._name}.{key} must be a {expected.__name__}, got a {kind}"
                remedy = f"Give it one, or declare {key} with expected_type=Task."
                raise LabkartError(f"pipeline: {problem}. {remedy}")

    def typed(self, key: str, value: Any, node: Any) -> Any:
        """The value as the parameter's type: 2 becomes 2.0, but 2.5 does not become 2."""
        parameter = self._parameters[key]
        is_none = value is None and isinstance(parameter, OptionalParameterMixin)
        if isinstance(parameter, _UPSTREAM) or is_none:
            return value
        name = f"{self._name}.{key}"
        try:
            typed = _converted(parameter, value, name)
            if isinstance(parameter, DataFile) and node and (problem := parameter.problem(typed)):
                raise LabkartError(f"{name}: {problem}")
        except LabkartError as error:
            raise LabkartError(f"{context.source.describe(node, name)}: {error}") from None
        return typed

    def describe_missing(self, present: set[str]) -> str:
        """Which parameter has neither a value nor a default, and where to add it."""
        missing = [
            key
            for key, parameter in self._parameters.items()
            if key not in present and not parameter.has_task_value(self._name, key)
        ]
        for key in missing:
            if key in self._settable:
                where = context.source.describe(self._node)
                remedy = f'Add a line "{key}: ..." there.'
                return f'{where}: {self._name} needs "{key}" and nothing gives it. {remedy}'
        call = f"make({self._name}, ..., {missing[0]}=...)"
        return f"pipeline: {self._name} needs its upstream task. Write {call}."

    @property
    def _settable(self) -> list[str]:
        """The parameters that a configuration file can give: all but tasks."""
        params = self._parameters.items()
        return [key for key, parameter in params if not isinstance(parameter, _UPSTREAM)]


def _check_that_all_have_values(node: DictConfig) -> None:
    for key in node:
        if OmegaConf.is_missing(node, key):
            path, where = config_key(node, key), context.source.describe(node)
            remedy = f"Write one there, or add {path}=... here."
            raise LabkartError(f'{where}: "{path}" has no value yet. {remedy}')


def _plain(value: Any) -> Any:
    """A value as Python's own lists and dictionaries. Raises if a value in it is missing."""
    if isinstance(value, DictConfig | ListConfig):
        return OmegaConf.to_container(value, resolve=True, throw_on_missing=True)
    return value


def _converted(parameter: luigi.Parameter[Any], value: Any, name: str) -> Any:
    value_type = _value_type(parameter)
    try:
        if value_type:
            return value_type.node.validate_and_convert(value)
        return parameter.parse(str(value)) if isinstance(value, str | int | float | None) else value
    except Exception as error:  # each kind of parameter raises its own
        if value_type:
            raise LabkartError(f"{name} must be {value_type.noun}, got {value!r}.") from None
        raise LabkartError(f"{name} does not take {value!r}: {error}.") from None


def _value_type(parameter: luigi.Parameter[Any]) -> _ValueType | None:
    """How the parameter's values are checked; None if luigi alone knows."""
    if type(parameter) in (luigi.Parameter, luigi.OptionalParameter):
        return _STRING
    matches = (_VALUE_TYPES[kind] for kind in _VALUE_TYPES if isinstance(parameter, kind))
    return next(matches, None)
