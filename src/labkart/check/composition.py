"""The rule on `conf/`: whether its files compose, and what sweeps and searches choose of them.

Composes every file with the defaults of all the others, and each combination that a sweep or a
search starts with. Makes no task, imports no pipeline.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart.check.config_file import ConfigFile, read_files
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.errors import LabkartError
from labkart.experiments import combinations, sweep_file
from labkart.experiments.combinations import Job
from labkart.experiments.composer import Composer
from labkart.experiments.config import Composed
from labkart.experiments.search.space import Space
from labkart.experiments.yaml_errors import Place, PlacedError

_FIRST = "conf/config.yaml"
_SPACE, _SWEEP = "search.space", "hydra.sweeper.params"


class BrokenConfig(Rule):
    """Hydra can compose every file in conf/: each choice of each group, each sweep, each search."""

    reason = "A file that nobody chose for a month fails on the day when it is needed."
    fix = "Fix the line or remove the file; `labkart run <group>=<file> --cfg job` composes it."
    messages: ClassVar[dict[str, str]] = {
        "missing": "missing, and every configuration starts with it",
        "read": "cannot be read: {why}",
        "composed": "does not compose: {why}",
    }

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Read and compose the files."""
        yield from conf(tree).findings


@lru_cache(maxsize=1)
def conf(tree: Tree) -> "Conf":
    """The files in `conf/`, composed once for all rules."""
    return Conf(tree.root)


@dataclass(frozen=True)
class Composition:
    """What a file leads to.

    Attributes:
        file: the file, which can be chosen.
        composed: the configuration.
        job: one of the combinations of a sweep or a search.
    """

    file: ConfigFile
    composed: Composed
    job: Job | None = None

    def line(self, message: str) -> int:
        """The line of a sweep or a search that a message about the configuration is about, or 0."""
        place = self.job.place(message) if self.job else None
        return place.line if place else 0


class Conf:
    """All of `conf/`: its files that are YAML, and what is wrong."""

    def __init__(self, root: Path) -> None:
        self.files, errors = read_files(root)
        self.findings = [_unreadable(path, error) for path, error in errors.items()]
        # For each file that can be chosen, the configuration that it leads to; for a sweep many.
        self.composed: list[Composition] = []
        self._composer = Composer()
        first = next((file for file in self.files if file.path == _FIRST), None)
        if not first and not self.findings:
            self.findings.append(BrokenConfig.finding(_FIRST, "missing"))
        if first and not self.findings and (base := self._compose(first)):
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
                    cfg = composed.cfg
                    self._compose_jobs(file, partial(_sweep_jobs, file), choice)
                    self._compose_jobs(file, partial(_search_jobs, file, cfg), choice)

    def _compose(self, file: ConfigFile, *overrides: str) -> Composed | None:
        try:
            composed = self._composer.compose(overrides)
        except LabkartError as error:
            why = str(error).removeprefix("conf: ").removeprefix(f"{file.path}: ")
            self.findings.append(BrokenConfig.finding(file.path, "composed", why=why))
            return None
        self.composed.append(Composition(file, composed))
        return composed

    def _compose_sweeps(self) -> None:
        """Compose the grids of the files in `conf/sweep/`."""
        for path in sorted(sweep_file.folder().glob("*.yaml")):
            file = ConfigFile(f"{sweep_file.FOLDER}/{path.name}", path.stem, {}, sweep_file.NAME)
            self._compose_jobs(file, partial(_grid_jobs, path.stem))

    def _compose_jobs(
        self, file: ConfigFile, read: Callable[[], Iterable[Job]], choice: Sequence[str] = ()
    ) -> None:
        """Compose the combinations that a file of a sweep or a search has."""
        try:
            jobs = list(read())
        except (LabkartError, OmegaConfBaseException) as error:
            self.findings.append(_unreadable(file.path, error))
            return
        for job in jobs:
            try:
                composed = self._composer.compose([*choice, *job.overrides])
                self.composed.append(Composition(file, composed, job))
            except LabkartError as error:
                place, why = job.place(str(error)), str(error)
                line = place.line if place else 0
                self.findings.append(BrokenConfig.finding(file.path, "composed", line, why=why))


def _grid_jobs(name: str) -> Iterator[Job]:
    """A sample of the combinations of a file of `conf/sweep/`."""
    for grid in sweep_file.read_grids(name):
        yield from combinations.sample(grid)


def _sweep_jobs(file: ConfigFile) -> Sequence[Job]:
    """A sample of the combinations of an experiment that has a sweep of its own."""
    grid = {
        f"{name}={text}": Place(file.path, file.line(f"{_SWEEP}.{name}"))
        for name, text in _section(file, _SWEEP).items()
    }
    return combinations.sample(grid) if grid else []


def _search_jobs(file: ConfigFile, cfg: DictConfig) -> Iterator[Job]:
    """Trials that have each value and each parameter of a search once."""
    section = _section(file, _SPACE)
    places = {
        name: Place(file.path, file.line(f"{_SPACE}.{name}.{next(iter(arguments), '')}"))
        for name, arguments in section.items()
        if isinstance(arguments, dict)
    }
    if section:
        values: Any = OmegaConf.to_container(cfg.search.space, resolve=True)
        for overrides in Space(values, file.path).examples():
            yield Job(overrides, places)


def _section(file: ConfigFile, name: str) -> dict[str, Any]:
    """A section of a file that may have others; empty if it has no such."""
    section: Any = OmegaConf.select(OmegaConf.create(file.values), name)
    values: Any = OmegaConf.to_container(section) if isinstance(section, DictConfig) else {}
    return {str(key): value for key, value in values.items()}


def _unreadable(path: str, error: Exception) -> Finding:
    """What makes a file unreadable, in its line if the error has a place."""
    if isinstance(error, PlacedError):
        return BrokenConfig.finding(path, "read", error.place.line, why=error.problem)
    why = str(error).removeprefix(f"{path}: ").partition("\n")[0]
    return BrokenConfig.finding(path, "read", why=why)
