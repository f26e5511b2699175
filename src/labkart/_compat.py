"""Every private name of other libraries that Labkart uses, and nothing else.

One function per use. Its docstring names the library and the version that it was tried on, and a
test in tests/ground/test_compat.py asserts that the private name is still there. What is heavy is
imported inside the functions.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import Container
    from omegaconf.nodes import ValueNode


def config_content(container: "Container") -> Any:
    """The nodes in a section or list of a configuration: a dict, a list, or None or a text.

    OmegaConf 2.3.0: `Container._content`. Its public methods resolve a node when they return it.
    """
    return vars(container)["_content"]


def replace_resolvers(
    container: "Container", evaluate: Callable[[str, Callable[[], Any]], Any]
) -> None:
    """Let `evaluate` answer for the interpolations of one section or list, not for those below it.

    Args:
        container: the section or list.
        evaluate: is called with a resolver's name, such as `oc.env`, and a function that calls it.

    OmegaConf 2.3.0: `Container._evaluate_custom_resolver`. Resolvers are global otherwise.
    """
    original = container._evaluate_custom_resolver

    def replacement(inter_type: str, **arguments: Any) -> Any:
        return evaluate(inter_type, lambda: original(inter_type=inter_type, **arguments))

    vars(container)["_evaluate_custom_resolver"] = replacement


def config_dumper() -> Any:
    """The YAML dumper that `OmegaConf.to_yaml` uses: it quotes texts that look like other values.

    OmegaConf 2.3.0: `omegaconf._utils.get_omega_conf_dumper`.
    """
    from omegaconf._utils import get_omega_conf_dumper

    return get_omega_conf_dumper()


def config_loader() -> Any:
    """The YAML loader with which Hydra reads files: it refuses a key that is given twice.

    OmegaConf 2.3.0: `omegaconf._utils.get_yaml_loader`.
    """
    from omegaconf._utils import get_yaml_loader

    return get_yaml_loader()


def watch_value(node: "ValueNode", on_read: Callable[[], object]) -> None:
    """Call a function whenever the value of a node is read, also from copies of the node.

    OmegaConf 2.3.0: `ValueNode._value`. It has no public way to notice a read.
    """
    vars(node)["_on_read"] = on_read
    node.__class__ = _watched_kind(type(node))


@cache
def _watched_kind(kind: "type[ValueNode]") -> "type[ValueNode]":
    plain: Any = kind

    class Watched(kind):
        def _value(self) -> Any:
            vars(self)["_on_read"]()
            return super()._value()

        def __deepcopy__(self, memo: dict[int, Any]) -> "ValueNode":
            copy = plain.__deepcopy__(self, memo)
            watch_value(copy, vars(self)["_on_read"])
            return copy

    return Watched
