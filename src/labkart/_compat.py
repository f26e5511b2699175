"""Every private name of other libraries that Labkart uses, and nothing else.

One function per use. Its docstring names the library and the version that it was tried on, and a
test in tests/ground/test_compat.py asserts that the private name is still there. What is heavy is
imported inside the functions.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import Container


def config_content(container: "Container") -> Any:
    """The nodes in a section or list of a configuration: a dict, a list, or None or a text.

    OmegaConf 2.3.1: `Container._content`. Its public methods resolve a node when they return it.
    """
    return vars(container)["_content"]


def replace_resolvers(
    container: "Container", evaluate: Callable[[str, Callable[[], Any]], Any]
) -> None:
    """Let `evaluate` answer for the interpolations of one section or list, not for those below it.

    Args:
        container: the section or list.
        evaluate: is called with a resolver's name, such as `oc.env`, and a function that calls it.

    OmegaConf 2.3.1: `Container._evaluate_custom_resolver`. Resolvers are global otherwise.
    """
    original = container._evaluate_custom_resolver

    def replacement(inter_type: str, **arguments: Any) -> Any:
        return evaluate(inter_type, lambda: original(inter_type=inter_type, **arguments))

    vars(container)["_evaluate_custom_resolver"] = replacement


def config_dumper() -> Any:
    """The YAML dumper that `OmegaConf.to_yaml` uses: it quotes texts that look like other values.

    OmegaConf 2.3.1: `omegaconf._utils.get_omega_conf_dumper`.
    """
    from omegaconf._utils import get_omega_conf_dumper

    return get_omega_conf_dumper()
