"""Whether the files in `conf/` compose, and whether what sweeps and searches name exists.

Composes every file with the defaults of all the others. Makes no task, imports no pipeline.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from labkart.check.config_file import ConfigFile, file_problem, read_files
from labkart.check.rule import Problem
from labkart.errors import LabkartError
from labkart.experiments import combinations, sweep_file
from labkart.experiments.combinations import Job
from labkart.experiments.composer import Composer, compose_overrides
from labkart.experiments.config import Composed
from labkart.experiments.override_syntax import write_value
from labkart.language import translate

_FIRST = "conf/config.yaml"
_MOST_COMBINATIONS = 20  # of the files that a search chooses
_SPACE, _SWEEP = "search.space", "hydra.sweeper.params"


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

    def line(self, message: str) -> int:
        """The line of a sweep's file that a message about the configuration is about, or 0."""
        place = self.job.place(message) if self.job else None
        return place.line if place else 0


class Conf:
    """All of `conf/`: its files that are YAML, and what is wrong."""

    def __init__(self, root: Path) -> None:
        self.files, self.problems = read_files(root)
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
            composed = compose_overrides(*overrides)
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
                jobs = [
                    job
                    for grid in sweep_file.read_grids(path.stem)
                    for job in combinations.sample(grid)
                ]
            except LabkartError as error:
                self.problems.append(file_problem(file.path, error))
                continue
            for job in jobs:
                try:
                    composed = composer.compose(job.overrides)
                    self.composed.append(Composition(file, composed, job))
                except LabkartError as error:
                    place, text = job.place(str(error)), str(error)
                    line = place.line if place else 0
                    self.problems.append(Problem(file.path, "unknown", line, text))
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


def _has(cfg: DictConfig, name: str) -> bool:
    section, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, section) if section else cfg
    return isinstance(node, DictConfig) and last in list(node)
