"""The files in `conf/`: what each of them sets, in which line, and whether it composes.

Composes every file with the defaults of all the others. Makes no task, imports no pipeline.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from labkart import _compat
from labkart.check.rule import Problem
from labkart.errors import LabkartError
from labkart.experiments import combinations, config, sweep_file
from labkart.experiments.combinations import Job
from labkart.experiments.composer import Composer
from labkart.experiments.composition import Composed
from labkart.experiments.override_syntax import write_value
from labkart.language import translate

_FIRST = "conf/config.yaml"
_MOST_COMBINATIONS = 20  # of the files that a search chooses
_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)\s*$", re.MULTILINE)
# As messages begin, in both languages.
_PLACE = re.compile(
    r"(?P<path>[\w./-]+)(?:, line | の )(?P<line>\d+)(?: 行目?)?(?:(?:, column | )\d+(?: 文字目)?)?"
)
_SPACE, _SWEEP = "search.space", "hydra.sweeper.params"


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


@dataclass(frozen=True)
class Composition:
    """What a file leads to.

    Attributes:
        file: the file, which can be chosen.
        composed: the configuration.
        job: of a file of `conf/sweep/`, one of its combinations.
    """

    file: ConfigFile
    composed: Composed
    job: Job | None = None

    def locate(self, message: str) -> str:
        """A message about the configuration, with file and line if a sweep's file is wrong."""
        if self.job is None or not (place := self.job.places.get(self.job.named(message))):
            return message
        match = _PLACE.match(place)
        return f"{match['path']}:{match['line']}: {message}" if match else message


class Conf:
    """All of `conf/`: its files that are YAML, and what is wrong."""

    def __init__(self, root: Path) -> None:
        self.files, self.problems = _read_files(root)
        # For each file that can be chosen, the configuration that it leads to; for a sweep many.
        self.composed: list[Composition] = []
        first = next((file for file in self.files if file.path == _FIRST), None)
        if not first and not self.problems:
            self.problems.append(Problem(_FIRST, "missing"))
        if first and not self.problems and (base := self._compose(first)):
            self._compose_choices(base)
            self._compose_sweeps()

    def _compose_choices(self, base: Composed) -> None:
        """Compose each file of a group, but not those that only others start with."""
        parts = set(chain.from_iterable(file.includes for file in self.files))
        for file in self.files:
            if not file.group or f"{file.group}/{file.name}" in parts:
                continue
            uses = [name for name in base.choices if name.partition("@")[0] == file.group]
            file.use_as(uses)
            for name in uses or [f"+{file.group}"]:
                composed, choice = base, list[str]()
                if base.choices.get(name) != file.name:
                    choice = [f"{name}={file.name}"]
                    composed = self._compose(file, *choice)
                if composed:
                    self.problems += self._check_sweep(file, composed.cfg)
                    self.problems += self._check_space(file, choice)

    def _compose(self, file: ConfigFile, *overrides: str) -> Composed | None:
        try:
            composed = config.compose_overrides(*overrides)
        except LabkartError as error:
            why = str(error).removeprefix("conf: ").removeprefix(f"{file.path}: ")
            self.problems.append(Problem(file.path, "composed", text=why))
            return None
        self.composed.append(Composition(file, composed))
        return composed

    def _compose_sweeps(self) -> None:
        """Compose the grids of the files in `conf/sweep/`."""
        composer = Composer()
        for path in sorted(sweep_file.folder().glob("*.yaml")):
            file = ConfigFile(f"{sweep_file.FOLDER}/{path.name}", path.stem, {}, sweep_file.NAME)
            try:
                grids = sweep_file.read_grids(path.stem)
            except LabkartError as error:
                self.problems.append(_problem_of_sweep(file.path, "file", str(error)))
                continue
            for job in chain.from_iterable(map(combinations.sample, grids)):
                try:
                    composed = composer.compose(job.overrides)
                    self.composed.append(Composition(file, composed, job))
                except LabkartError as error:
                    text = job.locate(str(error))
                    self.problems.append(_problem_of_sweep(file.path, "unknown", text))
        self.problems = list(dict.fromkeys(self.problems))

    def _check_sweep(self, file: ConfigFile, cfg: DictConfig) -> Iterator[Problem]:
        """Check the names and values that the sweep of an experiment goes through."""
        for name, text in _section(file, _SWEEP).items():
            if why := self._sweep_problem(str(name), text, cfg):
                yield Problem(file.path, "unknown", file.line(f"{_SWEEP}.{name}"), why)

    def _check_space(self, file: ConfigFile, choice: Sequence[str]) -> Iterator[Problem]:
        """Check the names that a search tries, and its choices; the rest it checks itself.

        Each name is looked for where it may be tried: with every file that the search chooses.
        """
        composer = Composer()
        space = {
            str(name): arguments
            for name, arguments in _section(file, _SPACE).items()
            if isinstance(arguments, dict)
        }
        for name, arguments in space.items():
            choices = ",".join(map(write_value, arguments.get("choices") or [0]))
            line = file.line(f"{_SPACE}.{name}.{next(iter(arguments), '')}")
            for others in self._combinations(space, name):
                why = ""
                with suppress(LabkartError):  # then another name is wrong, which is told
                    cfg = composer.compose([*choice, *others]).cfg
                    why = self._sweep_problem(name, choices, cfg)
                if why:
                    if others:
                        overrides = " ".join(others)
                        why = translate(
                            "{problem} with {overrides}", problem=why, overrides=overrides
                        )
                    yield Problem(file.path, "unknown", line, why)
                    break

    def _combinations(self, space: dict[str, Any], name: str) -> Iterator[list[str]]:
        """The files that a search may choose where it tries a name, as lists of overrides."""
        conditions = _conditions(space, name)
        fixed = {override.partition("=")[0] for override in conditions}
        groups = {file.group for file in self.files}
        choices = [
            [f"{other}={write_value(value)}" for value in arguments["choices"]]
            for other, arguments in space.items()
            if other in groups - {name} - fixed
            and isinstance(arguments.get("choices"), list)
            and not arguments.get("when")
        ]
        for others in islice(product(*choices), _MOST_COMBINATIONS):
            yield [*conditions, *others]

    def _sweep_problem(self, name: str, text: object, cfg: DictConfig) -> str:
        try:
            override = OverridesParser.create().parse_override(f"{name}={text}")
        except HydraException as error:
            why = str(error).splitlines()[0]
            return translate(
                "{name}: {text} is not a valid choice ({why})", name=name, text=text, why=why
            )
        key = override.key_or_group
        options = {file.name for file in self.files if file.group == key}
        if options and override.is_discrete_sweep():
            chosen = override.sweep_string_iterator()
            unknown = ", ".join(name for name in chosen if name not in options)
            return (
                translate("no {group} {names} in conf/{group}/", group=key, names=unknown)
                if unknown
                else ""
            )
        is_known = options or name.startswith(("+", "hydra")) or _has(cfg, key)
        return "" if is_known else translate("no setting {name}", name=key)


def _section(file: ConfigFile, name: str) -> dict[Any, Any]:
    """A section of a file that may have others; empty if it has no such."""
    section: Any = OmegaConf.select(OmegaConf.create(file.values), name)
    values: Any = OmegaConf.to_container(section) if isinstance(section, DictConfig) else {}
    return values


def _conditions(space: dict[str, Any], name: str) -> list[str]:
    """Overrides with which a parameter of a search exists."""
    conditions = list[str]()
    when = space.get(name, {}).get("when")
    for parent, values in when.items() if isinstance(when, dict) else ():
        if parent in space and parent != name:
            value = values[0] if isinstance(values, list) else values
            conditions += [*_conditions(space, parent), f"{parent}={write_value(value)}"]
    return conditions


def _read_files(root: Path) -> tuple[list[ConfigFile], list[Problem]]:
    """The project's own files; `conf/local/` belongs to this machine, and Hydra reads no sweeps."""
    files, problems = list[ConfigFile](), list[Problem]()
    paths = sorted(file.relative_to(root).as_posix() for file in (root / "conf").rglob("*.yaml"))
    for path in paths:
        if path.startswith(("conf/local/", f"{sweep_file.FOLDER}/")):
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


def _problem_of_sweep(path: str, key: str, text: str) -> Problem:
    """A problem in a file of `conf/sweep/`, in the line that a message begins with."""
    match = _PLACE.match(text)
    if match and match["path"] == path:
        return Problem(path, key, int(match["line"]), text[match.end() :].lstrip(": "))
    return Problem(path, key, 0, text.removeprefix(f"{path}: "))


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
