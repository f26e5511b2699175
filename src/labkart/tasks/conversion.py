"""A value of the configuration as a value of a parameter's type; never another one that is like it.

Knows luigi's types of parameters. For where a wrong value comes from see `make`.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import luigi
from luigi.parameter import OptionalParameterMixin
from omegaconf import nodes

from labkart._compat import choice_type
from labkart.errors import LabkartError
from labkart.language import mistake, translate
from labkart.tasks.data_files import DataFile
from labkart.tasks.parameter_kinds import describe_refusal, parameter_kind

# Annotations of parameters whose items are texts, as `luigi.ListParameter[tuple[str, ...]]`.
_TEXTS = re.compile(r"\[\s*(?:list|tuple)\[\s*str\b|\[\s*dict\[\s*\w+,\s*str\s*\]", re.IGNORECASE)
# What YAML and Hydra read in place of a text that is written without quotes.
_OTHER = (bool, int, float)


class NotTextError(LabkartError):
    """A text was read as something else; `value` is what it was read as."""

    def __init__(self, value: Any) -> None:
        super().__init__(translate("{value!r} is no text", value=value))
        self.value = value


_STRING = nodes.StringNode("", is_optional=False)
# These check and convert by a node of OmegaConf: 2 becomes 2.0, but 2.5 does not become 2.
_NODES: dict[type, nodes.ValueNode] = {
    luigi.BoolParameter: nodes.BooleanNode(False, is_optional=False),
    luigi.IntParameter: nodes.IntegerNode(0, is_optional=False),
    luigi.FloatParameter: nodes.FloatNode(0.0, is_optional=False),
    luigi.StrParameter: _STRING,
}


def converted(parameter: luigi.Parameter[Any], value: Any, name: str, annotation: str) -> Any:
    """The value as the parameter's type.

    Args:
        parameter: what takes it.
        value: what the configuration or the pipeline gives.
        name: how to call the parameter, as `Train.trees`.
        annotation: how the parameter is annotated; its items may have to be texts.

    Raises:
        LabkartError: the parameter does not take the value.
    """
    _check_texts(parameter, value, annotation)
    kind = parameter_kind(parameter)
    try:
        typed = _typed(parameter, value)
        if kind is None or isinstance(typed, kind.types):
            return parameter.normalize(typed)
    except Exception as error:  # each kind of parameter raises its own
        if kind is None or isinstance(error, LabkartError):
            reason = str(error).splitlines() or [type(error).__name__]
            raise _refusal(name, value, reason[0]) from None
        if hasattr(error, "schema"):  # one that the student gave luigi
            reason = str(error).partition("\n")[0]
            raise _refusal(name, value, reason) from None
    raise LabkartError(describe_refusal(name, parameter, value, kind))


def _refusal(name: str, value: Any, reason: str) -> LabkartError:
    return mistake(
        "{name} does not take {value!r}: {reason}.", name=name, value=value, reason=reason
    )


def _typed(parameter: luigi.Parameter[Any], value: Any) -> Any:
    if node := _node(parameter):
        typed = node.validate_and_convert(value)
        if isinstance(value, int) and typed != value:  # 7 for a switch, 2**53 + 1 for a float
            raise ValueError
        return typed
    if value is None and parameter_kind(parameter):
        return None
    if isinstance(parameter, luigi.EnumListParameter) and isinstance(value, list | tuple):
        return tuple(_enum_item(parameter, item) for item in value)
    if isinstance(parameter, luigi.ChoiceListParameter) and isinstance(value, list):
        return tuple(value)
    is_written = isinstance(value, str | int | float | None) and not isinstance(value, Enum)
    return parameter.parse(str(value)) if is_written else value


def _check_texts(parameter: luigi.Parameter[Any], value: Any, annotation: str) -> None:
    """Refuse what was a text before YAML or Hydra read it: `1.10` is not `'1.1'`, nor `no` False.

    An integer may name a choice: the choices tell whether that text is meant.
    """
    is_list = isinstance(parameter, luigi.ChoiceListParameter | luigi.EnumListParameter)
    is_choice = isinstance(parameter, luigi.ChoiceParameter | luigi.EnumParameter)
    items: list[Any] = [] if is_choice and type(value) is int else [value]
    if is_list or _TEXTS.search(annotation):
        items = _items(value)
    elif not (_is_text(parameter) or is_choice):
        return
    if choice_type(parameter) not in (str, None):
        return
    for item in items:
        if isinstance(item, _OTHER) and not isinstance(item, Enum):
            raise NotTextError(item)


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _enum_item(parameter: luigi.EnumListParameter[Any], item: Any) -> Any:
    return item if isinstance(item, Enum) else parameter.parse(item)[0]


def _node(parameter: luigi.Parameter[Any]) -> nodes.ValueNode | None:
    """The node that converts for a parameter; None if luigi does."""
    if type(parameter) in (luigi.Parameter, luigi.OptionalParameter, luigi.OptionalStrParameter):
        return _STRING
    matches = (_NODES[kind] for kind in _NODES if isinstance(parameter, kind))
    return next(matches, None)


def _is_text(parameter: luigi.Parameter[Any]) -> bool:
    """Whether a parameter takes a text as it is written."""
    classes = [cls for cls in type(parameter).__mro__ if "parse" in vars(cls)]
    reader = next(cls for cls in classes if cls is not OptionalParameterMixin)
    return reader in (luigi.Parameter, luigi.StrParameter) or issubclass(reader, DataFile)
