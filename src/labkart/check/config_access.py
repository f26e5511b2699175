"""Which settings somebody reads from a configuration. Composes nothing."""

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from typing import Any

from omegaconf import DictConfig
from omegaconf.nodes import ValueNode

from labkart import _compat


def watch_config(cfg: DictConfig, names: set[str]) -> DictConfig:
    """A copy that adds the name of each setting that is read to `names`; a list is one setting."""
    copy = deepcopy(cfg)
    for name, node in _value_nodes(copy, ""):
        _compat.watch_value(node, partial(names.add, name))
    return copy


def setting_names(cfg: DictConfig) -> set[str]:
    """The names of all settings that have a value."""
    return {name for name, _ in _value_nodes(cfg, "")}


def _value_nodes(node: Any, name: str) -> Iterator[tuple[str, ValueNode]]:
    if isinstance(node, ValueNode):
        yield name, node
        return
    content = _compat.config_content(node)
    if isinstance(content, dict):
        for key, child in content.items():
            yield from _value_nodes(child, f"{name}.{key}" if name else str(key))
    elif isinstance(content, list):
        for child in content:
            for _, value_node in _value_nodes(child, name):
                yield name, value_node
