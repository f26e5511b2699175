"""A file in `conf/`: its settings, the line of each, and the section in which they go.

Composes nothing. The files of `conf/sweep/` are not settings: see `experiments.sweep_file`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from labkart import _compat
from labkart.experiments import sweep_file
from labkart.experiments.yaml_errors import NotYaml, yaml_error
from labkart.language import translate

_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)\s*$", re.MULTILINE)


@dataclass
class ConfigFile:
    """A file in `conf/`."""

    path: str  # from the project's root
    name: str
    values: dict[str, Any]
    group: str  # the folders between `conf/` and the file
    package: str = ""  # the section in which its settings go; empty for the top
    lines: dict[str, int] = field(default_factory=dict)  # of the settings, by their full names
    includes: list[str] = field(default_factory=list)  # the files it starts with, as group/name
    sections: list[str] = field(default_factory=list)  # in place of the package; see `use_as`

    @classmethod
    def parse(cls, path: str, text: str) -> "ConfigFile":
        """Read a file's text. Raises YAMLError, or ValueError if it has no names and values."""
        loader = _compat.config_loader()
        values: Any = yaml.load(text, Loader=loader)
        if values is not None and not isinstance(values, dict):
            raise ValueError(translate("must have lines of the form name: value"))
        place = Path(path)
        file = cls(path, place.stem, values or {}, "/".join(place.parts[1:-1]))
        header = _PACKAGE.search(text)
        package = header[1] if header else "_group_"
        special = {"_global_": "", "_group_": file.group.replace("/", ".")}
        file.package = special.get(package, package)
        for name, line in _settings(yaml.compose(text, Loader=loader), file.package):
            file.lines.setdefault(name, line)
        defaults = file.values.get("defaults")
        for entry in defaults if isinstance(defaults, list) else ():
            if isinstance(entry, str) and entry != "_self_":
                absolute = entry[1:] if entry.startswith("/") else f"{file.group}/{entry}"
                file.includes.append(absolute)
        return file

    def use_as(self, names: Iterable[str]) -> None:
        """Note the sections of a group: `net@teacher` puts its settings into `teacher`."""
        self.sections = [name.partition("@")[2] or self.package for name in names]

    def settings(self) -> Iterator[tuple[list[str], int]]:
        """The full names that each setting has, and its line."""
        for name, line in self.lines.items():
            rest = name.removeprefix(self.package)
            yield [f"{section}{rest}".lstrip(".") for section in self.sections] or [name], line

    def line(self, name: str) -> int:
        """The line that sets a name of its package; 0 if none does."""
        return self.lines.get(f"{self.package}.{name}" if self.package else name, 0)


def read_files(root: Path) -> tuple[list[ConfigFile], dict[str, Exception]]:
    """The project's own files, and by their paths the errors of those that cannot be read.

    `conf/local/` belongs to this machine, and Hydra reads no sweeps.
    """
    files, errors = list[ConfigFile](), dict[str, Exception]()
    paths = sorted(file.relative_to(root).as_posix() for file in (root / "conf").rglob("*.yaml"))
    for path in paths:
        if path.startswith(("conf/local/", f"{sweep_file.FOLDER}/")):
            continue
        try:
            files.append(ConfigFile.parse(path, (root / path).read_text(encoding="utf-8")))
        except NotYaml as error:
            errors[path] = yaml_error(error, path)
        except (OSError, ValueError) as error:
            errors[path] = error
    return files, errors


def _settings(node: Any, section: str) -> Iterator[tuple[str, int]]:
    """The full names and lines of the settings in a YAML node."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = f"{section}.{key.value}" if section else str(key.value)
        if isinstance(value, yaml.MappingNode):
            yield from _settings(value, name)
        else:
            yield name, key.start_mark.line + 1
