"""Where the values of a composed configuration come from. Composes nothing, makes no task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig

from labkart._compat import config_key


@dataclass(frozen=True)
class ConfigSource:
    """What a configuration was composed from.

    Attributes:
        overrides: the overrides of the command, as `model=forest`.
        choices: the chosen file of each group in `conf/`.
    """

    overrides: Sequence[str] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)

    def describe(self, node: Any, name: str = "") -> str:
        """Where a person finds a value: the override that set it, or else the file of its node.

        Args:
            node: the node of the configuration that has the value; None for the top.
            name: the value's name; without it, the file of the node.
        """
        path = config_key(node) if isinstance(node, DictConfig) else ""
        key = name.rpartition(".")[2]
        start = f"{path}.{key}=".lstrip(".")
        for override in self.overrides:
            if key and override.lstrip("+").startswith(start):
                return override
        group = path.partition(".")[0]
        option = self.choices.get(group)
        return f"conf/{group}/{option}.yaml" if option else "conf/config.yaml"
