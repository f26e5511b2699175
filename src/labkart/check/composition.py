"""The files in `conf/`: what each of them sets, in which line, and whether it composes.

Composes every file with the defaults of all the others. Makes no task, imports no pipeline.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from labkart import _compat
from labkart.check.rule import Problem
from labkart.errors import LabkartError
from labkart.experiments import config
from labkart.experiments.config import Composed

_FIRST = "conf/config.yaml"
_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)\s*$", re.MULTILINE)
_SWEEPS = ("search.space", "hydra.sweeper.params")


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

    @classmethod
    def parse(cls, path: str, text: str) -> "ConfigFile":
        """Read a file's text. Raises YAMLError, or ValueError if it has no names and values."""
        loader = _compat.config_loader()
        values: Any = yaml.load(text, Loader=loader)
        if values is not None and not isinstance(values, dict):
            raise ValueError("must have lines of the form name: value")
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

    def line(self, name: str) -> int:
        """The line that sets a name of its package; 0 if none does."""
        return self.lines.get(f"{self.package}.{name}" if self.package else name, 0)


class Conf:
    """All of `conf/`: its files that are YAML, and what is wrong."""

    def __init__(self, root: Path) -> None:
        self.files, self.problems = _read_files(root)
        # For each file that can be chosen, the configuration that it leads to.
        self.composed: list[tuple[ConfigFile, Composed]] = []
        first = next((file for file in self.files if file.path == _FIRST), None)
        if not first and not self.problems:
            self.problems.append(Problem(_FIRST, "missing"))
        if first and not self.problems and (base := self._compose(first)):
            self._compose_choices(base)

    def _compose_choices(self, base: Composed) -> None:
        """Compose each file of a group, but not those that only others start with."""
        parts = set(chain.from_iterable(file.includes for file in self.files))
        for file in self.files:
            if not file.group or f"{file.group}/{file.name}" in parts:
                continue
            composed = base
            if base.choices.get(file.group) != file.name:
                sign = "" if file.group in base.choices else "+"
                composed = self._compose(file, f"{sign}{file.group}={file.name}")
            if composed:
                self.problems += self._check_sweeps(file, composed.cfg)

    def _compose(self, file: ConfigFile, *overrides: str) -> Composed | None:
        try:
            composed = config.compose_overrides(*overrides)
        except LabkartError as error:
            why = str(error).removeprefix("conf: ").partition(" Config search path")[0]
            self.problems.append(Problem(file.path, "composed", text=why))
            return None
        self.composed.append((file, composed))
        return composed

    def _check_sweeps(self, file: ConfigFile, cfg: DictConfig) -> Iterator[Problem]:
        """Check the names and values that a search, or the sweep of an experiment, goes through."""
        values = OmegaConf.create(file.values)
        for section in _SWEEPS:
            for name, text in (OmegaConf.select(values, section) or {}).items():
                if why := self._sweep_problem(str(name), text, cfg):
                    line = file.line(f"{section}.{name}")
                    yield Problem(file.path, "unknown", line, why)

    def _sweep_problem(self, name: str, text: object, cfg: DictConfig) -> str:
        try:
            override = OverridesParser.create().parse_override(f"{name}={text}")
        except HydraException as error:
            return f"{name}: {text} is not a valid choice ({str(error).splitlines()[0]})"
        key = override.key_or_group
        options = {file.name for file in self.files if file.group == key}
        if options and override.is_discrete_sweep():
            chosen = override.sweep_string_iterator()
            unknown = [name for name in chosen if name not in options]
            return f"no {key} {', '.join(unknown)} in conf/{key}/" if unknown else ""
        is_known = options or name.startswith(("+", "hydra")) or _has(cfg, key)
        return "" if is_known else f"no setting {key}"


def _read_files(root: Path) -> tuple[list[ConfigFile], list[Problem]]:
    """The project's own files; `conf/local/` belongs to this machine."""
    files, problems = list[ConfigFile](), list[Problem]()
    paths = sorted(file.relative_to(root).as_posix() for file in (root / "conf").rglob("*.yaml"))
    for path in paths:
        if path.startswith("conf/local/"):
            continue
        try:
            files.append(ConfigFile.parse(path, (root / path).read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            why = getattr(error, "problem", None) or " ".join(str(error).split())
            problems.append(Problem(path, "file", mark.line + 1 if mark else 0, why))
        except (OSError, ValueError) as error:
            problems.append(Problem(path, "file", text=str(error)))
    return files, problems


def _settings(node: Any, section: str) -> Iterator[tuple[str, int]]:
    """The full names and lines of the settings in a YAML node."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = f"{section}.{key.value}" if section else str(key.value)
        if isinstance(value, yaml.MappingNode):
            yield from _settings(value, name)
        else:
            yield name, key.start_mark.line + 1


def _has(cfg: DictConfig, name: str) -> bool:
    section, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, section) if section else cfg
    return isinstance(node, DictConfig) and last in list(node)
