"""What made the configuration that is in work, and where a value in it is from. Composes nothing, makes no task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig


def describe_source(node: Any, name: str = "") -> str:
    """Where a person finds a value: the word of the command that set it, or else the file that its node is from."""
    path = str(node._get_full_key(None)) if isinstance(node, DictConfig) else ""
    for override in CHOSEN.overrides:
        if name and override.lstrip("+").startswith(
            f"{path}.{name.rpartition('.')[2]}=".lstrip(".")
        ):
            return override
    group = path.partition(".")[0]
    option = CHOSEN.files.get(group)
    return f"conf/{group}/{option}.yaml" if option else "conf/config.yaml"


@dataclass
class _Chosen:
    """What made the configuration that is in work: the words of the command, and the file of each group."""

    overrides: Sequence[str] = ()
    files: Mapping[str, Any] = field(default_factory=dict)


CHOSEN = _Chosen()
