"""Which settings somebody asks a configuration for."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from omegaconf import DictConfig, ListConfig
from omegaconf.nodes import ValueNode


def watch_config(cfg: DictConfig, asked: set[str]) -> DictConfig:
    """A copy that notes the name of each setting whose value somebody takes; a list is one setting."""
    copy = deepcopy(cfg)
    for name, node in _values(copy, ""):
        vars(node)["_asked"], vars(node)["_name"] = asked, name
        node.__class__ = _telling(type(node))
    return copy


def setting_names(cfg: DictConfig) -> set[str]:
    """The names of all settings that have a value."""
    return {name for name, _ in _values(cfg, "")}


def _values(container: DictConfig | ListConfig, name: str) -> Iterator[tuple[str, ValueNode]]:
    content: Any = container._content
    for key in (
        content
        if isinstance(content, dict)
        else range(len(content))
        if isinstance(content, list)
        else ()
    ):
        node = content[key]
        inner = name if isinstance(container, ListConfig) else f"{name}.{key}" if name else str(key)
        if isinstance(node, ValueNode):
            yield inner, node
        elif isinstance(node, DictConfig | ListConfig):
            yield from (
                (name if isinstance(container, ListConfig) else each, at)
                for each, at in _values(node, inner)
            )


@cache
def _telling(kind: type[ValueNode]) -> type[ValueNode]:
    """The same kind of node, which tells when its value is taken."""

    class Telling(kind):
        def _value(self) -> Any:
            vars(self)["_asked"].add(vars(self)["_name"])
            return super()._value()

        def __deepcopy__(self, memo: dict[int, Any]) -> "Telling":
            # What somebody takes from a copy is taken from the original; what copies it makes a plain node.
            copy: Any = getattr(super(), "__deepcopy__")(memo)  # noqa: B009 (each kind has it, the base does not)
            copy.__class__ = type(self)
            vars(copy)["_asked"], vars(copy)["_name"] = vars(self)["_asked"], vars(self)["_name"]
            return copy

    return Telling
