"""Where the values of a composed configuration come from. Composes nothing, makes no task."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, ListConfig

from labkart import project
from labkart._compat import config_key

_INTERPOLATION = re.compile(r"\$\{([\w.]+)\}")  # of a whole setting by its whole name


@dataclass(frozen=True)
class Place:
    """Where a person finds a value.

    Attributes:
        key: the whole name of the setting.
        override: the override that set it; empty if a file did.
        file: the file of its node.
        text: the value as it is written there; empty if it is not just there.
    """

    key: str
    override: str = ""
    file: str = "conf/config.yaml"
    text: str = ""

    def __str__(self) -> str:
        return self.override or self.file


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
        """Where a person finds a value: the override that set it, or else the file that has it.

        Args:
            node: the node of the configuration that has the value; None for the top.
            name: the value's name; without it, the file of the node.
        """
        return str(self.find(node, name.rpartition(".")[2]))

    def find(self, node: Any, name: str) -> Place:
        """The same in parts, with the text that is written there."""
        path = config_key(node) if isinstance(node, DictConfig | ListConfig) else ""
        place = self._find(f"{path}.{name}".strip(".")) if name else None
        top = path.partition(".")[0]
        files = (file for section, file in self._chosen() if section == top)
        return place or Place(path, file=next(files, "conf/config.yaml"))

    def _find(self, key: str, seen: tuple[str, ...] = ()) -> Place | None:
        for override in self.overrides:
            setting, _, text = override.lstrip("+").partition("=")
            if setting == key:
                return Place(key, override, text=text)
            if key.startswith(f"{setting}.") and setting not in self.choices:
                return Place(key, override)
        for file, inner in self._files(key):
            text = _written(file, inner)
            other = _INTERPOLATION.fullmatch(text)
            if other and other[1] not in (*seen, key):
                return self._find(other[1], (*seen, key))
            if text:
                return Place(key, file=file, text=text)
        return None

    def _files(self, key: str) -> Iterator[tuple[str, str]]:
        """The files that may set a key, and its name there; those of experiments come first."""
        yield from ((file, key) for _, file in self._chosen() if _is_global(file))
        for section, file in self._chosen():
            if key.startswith(f"{section}."):
                yield file, key.removeprefix(f"{section}.")
        yield "conf/config.yaml", key

    def _chosen(self) -> Iterator[tuple[str, str]]:
        """The chosen files, and before each the section in which its settings go."""
        for group, option in self.choices.items():
            folder, _, section = group.partition("@")
            if option:
                yield section or folder.replace("/", "."), f"conf/{folder}/{option}.yaml"


def _is_global(file: str) -> bool:
    return any(
        line.split() == ["#", "@package", "_global_"] for line in _text(file).splitlines()[:5]
    )


def _written(file: str, key: str) -> str:
    """The text of a value in a file of YAML; empty if it is not there, or is no single value."""
    node: Any = None
    with suppress(yaml.YAMLError):
        node = yaml.compose(_text(file), Loader=yaml.SafeLoader)
    for name in key.split("."):
        values = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for label, value in values if label.value == name), None)
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _text(file: str) -> str:
    with suppress(OSError, ValueError):
        return Path(project.current().root, file).read_text(encoding="utf-8")
    return ""
