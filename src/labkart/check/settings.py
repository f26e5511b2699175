"""The files in `conf/`: what each one sets, and in which line; how to choose it. Composes nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)\s*$", re.MULTILINE)


@dataclass
class File:
    """A file in `conf/`.

    Attributes:
        path: from the project's root.
        group: the folders between `conf/` and it.
        package: below which of its names its settings go.
        lines: of each setting, by its whole name; lists are one setting.
        includes: the files that it begins with, as group/name.
    """

    path: str
    text: str
    group: str = ""
    package: str = ""
    lines: dict[str, int] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = "/".join(self.path.split("/")[1:-1])
        told = _PACKAGE.search(self.text)
        usual = self.group.replace("/", ".")
        self.package = {"_global_": "", "_group_": usual}.get(told[1], told[1]) if told else usual
        tree = yaml.compose(self.text, Loader=get_yaml_loader())
        for name, line in _leaves(tree, self.package):
            self.lines.setdefault(name, line)
        names = [each for each in self._defaults if isinstance(each, str) and each != "_self_"]
        self.includes = [
            name[1:] if name.startswith("/") else f"{self.group}/{name}" for name in names
        ]

    def line(self, name: str) -> int:
        """Where it sets this name; 0 where it does not."""
        return self.lines.get(f"{self.package}.{name}" if self.package else name, 0)

    @cached_property
    def values(self) -> dict[str, Any]:
        """What it says. Raises YAMLError where that is no YAML, ValueError where it is no names and values."""
        found: Any = yaml.load(self.text, Loader=get_yaml_loader())
        if found is not None and not isinstance(found, dict):
            raise ValueError("wants lines of the form name: value")
        return found or {}

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def _defaults(self) -> list[Any]:
        found = self.values.get("defaults")
        return found if isinstance(found, list) else []


def _leaves(node: Any, name: str) -> Iterator[tuple[str, int]]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        inner = f"{name}.{key.value}" if name else str(key.value)
        if isinstance(value, yaml.MappingNode):
            yield from _leaves(value, inner)
        else:
            yield inner, key.start_mark.line + 1


def paths(root: Path) -> list[str]:
    """The files in `conf/` that belong to the project; `conf/local/` is this machine's."""
    found = (file.relative_to(root).as_posix() for file in (root / "conf").rglob("*.yaml"))
    return sorted(path for path in found if not path.startswith("conf/local/"))


def line_of(error: yaml.YAMLError) -> int:
    """Where YAML says that it is wrong."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark else 0
