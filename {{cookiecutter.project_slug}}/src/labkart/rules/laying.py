"""Composes every file in `conf/` and lays out the student's pipeline with it, in a process of its own."""

import gc
import json
import os
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path

import hydra
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from .. import composition, plan, project
from ..composition import Composed
from ..errors import LabkartError, told
from . import asked, settings
from .settings import File

# Names at the top that the machinery reads, and not the pipeline.
_MACHINERY = ("defaults", "hydra", "labkart", "search", "task")
_PLACE = re.compile(r"(?:(pipeline|conf)|([^:]+/[^:]+?)(?::(\d+))?): (.*)")

# The id of a rule, a path, a line, which of the rule's sentences, and its values.
Found = tuple[str, str, int, str, dict[str, str]]


def main() -> None:
    """Write what is found to the standard output as JSON; what the student's code prints goes elsewhere."""
    gc.disable()  # imports leave nothing to collect
    out = os.dup(1)
    os.dup2(2, 1)
    found = look()
    with os.fdopen(out, "w", encoding="utf-8") as file:
        json.dump(found, file)


def look() -> list[Found]:
    """What is wrong with the configuration of the project around the working directory, and with its pipeline."""
    here = project.current()
    files, broken = _read(here.root)
    broken = broken or _imported(here)
    if broken:
        return broken
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(here.root / "conf"), version_base="1.3"):
        found = list(Looker(here, files).look())
    # The same mistake shows with every file that leads there.
    return list({(*each[:4], *each[4].values()): each for each in found}.values())


def _read(root: Path) -> tuple[list[File], list[Found]]:
    files, broken = list[File](), list[Found]()
    for path in settings.paths(root):
        try:
            files.append(File(path, (root / path).read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            why = getattr(error, "problem", None) or " ".join(str(error).split())
            broken.append(("broken-config", path, settings.line_of(error), "file", {"why": why}))
        except (OSError, ValueError) as error:
            broken.append(("broken-config", path, 0, "file", {"why": str(error)}))
    return files, broken


def _imported(here: project.Project) -> list[Found]:
    """What stops the pipeline's module from being imported."""
    module = here.entry.partition(":")[0]
    try:
        import_module(module)
    except (Exception, SystemExit) as error:
        path, line, why = _place(told(error, here.root), here, _module(here))
        return [("broken-pipeline", path, line, "import", {"why": why})]
    return []


class Looker:
    """Goes through the files one by one, each with the defaults of all the others."""

    def __init__(self, here: project.Project, files: list[File]) -> None:
        self._here, self._files = here, files
        self._groups = {file.group: {each.name for each in files if each.group == file.group} for file in files}
        self._parser = OverridesParser.create()
        self._had, self._read = set[str](), set[str]()

    def look(self) -> Iterator[Found]:
        """All that is wrong."""
        config = next((file for file in self._files if file.path == "conf/config.yaml"), None)
        base = None
        if config is None:
            yield "broken-config", "conf/config.yaml", 0, "file", {"why": "it is not there"}
        else:
            base, found = self._composed(config, ())
            yield from found
        if base is None:
            return
        failed = False
        for file, words in [(config, ()), *self._others(base)]:
            is_default = file is config or base.choices.get(file.group) == file.name
            composed, found = (base, []) if is_default else self._composed(file, words)
            if composed:
                found += [*self._laid_out(file, composed), *self._named(file, composed)]
            failed = failed or bool(found)
            yield from found
        if not failed:  # where something failed, it may be what reads them
            yield from self._unread()

    def _others(self, base: Composed) -> Iterator[tuple[File, tuple[str, ...]]]:
        """The files of the groups, and the word that chooses each; one that others begin with is looked at there."""
        parts = set(chain.from_iterable(file.includes for file in self._files))
        for file in self._files:
            if file.group and f"{file.group}/{file.name}" not in parts:
                yield file, (f"{'' if file.group in base.choices else '+'}{file.group}={file.name}",)

    def _composed(self, file: File, words: tuple[str, ...]) -> tuple[Composed | None, list[Found]]:
        try:
            whole = hydra.compose("config", overrides=list(words), return_hydra_config=True)
            return Composed.of(whole), []
        except composition.Miswritten as error:
            why = str(composition.explained(error)).removeprefix("conf: ")
            return None, [("broken-config", file.path, 0, "composed", {"why": why})]

    def _laid_out(self, file: File, composed: Composed) -> list[Found]:
        """Call the student's function, and note which settings it asks for."""
        composed.activate()
        self._had |= asked.names(composed.cfg)
        try:
            plan.laid_out(asked.watched(composed.cfg, self._read))
        except (LabkartError, SystemExit) as error:
            path, line, why = _place(str(error) or "it ended Python", self._here, file.path)
            return [("broken-pipeline", path, line, "laid-out", {"why": why})]
        return []

    def _named(self, file: File, composed: Composed) -> list[Found]:
        """What a search or the sweep of an experiment names and is not there."""
        own = file.values if file.group else {}
        space = OmegaConf.select(OmegaConf.create(own), "search.space") or {}
        sweep = OmegaConf.select(OmegaConf.create(own), "hydra.sweeper.params") or {}
        found = [("search.space", *each) for each in space.items()] + [
            ("hydra.sweeper.params", *each) for each in sweep.items()
        ]
        wrong = ((file.line(f"{above}.{name}"), self._wrong(str(name), text, composed)) for above, name, text in found)
        return [("broken-config", file.path, line, "named", {"why": why}) for line, why in wrong if why]

    def _wrong(self, name: str, text: object, composed: Composed) -> str:
        try:
            values = self._parser.parse_override(f"{name}={text}")
        except HydraException as error:
            return f"{name}: {text} cannot be understood ({str(error).splitlines()[0]})"
        group = values.key_or_group
        if group in self._groups and values.is_discrete_sweep():
            unknown = [each for each in values.sweep_string_iterator() if each not in self._groups[group]]
            return f"there is no {group} {', '.join(unknown)} in conf/{group}/" if unknown else ""
        known = name.startswith(("+", "hydra")) or group in self._groups or _has(composed.cfg, group)
        return "" if known else f"there is no setting {group}"

    def _unread(self) -> Iterator[Found]:
        unread = self._had - self._read
        for file in self._files:
            for name, line in file.lines.items():
                if name in unread and name.partition(".")[0] not in _MACHINERY:
                    yield "unused-key", file.path, line, "unread", {"name": name}


def _has(cfg: DictConfig, name: str) -> bool:
    above, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, above) if above else cfg
    return isinstance(node, DictConfig) and last in list(node)


def _module(here: project.Project) -> str:
    return f"src/{here.entry.partition(':')[0].replace('.', '/')}.py"


def _place(said: str, here: project.Project, otherwise: str) -> tuple[str, int, str]:
    """The file and the line that a message speaks of, and the rest of it."""
    first = said.splitlines()[0]
    match = _PLACE.fullmatch(first)
    if match and match[1]:
        return _module(here) if match[1] == "pipeline" else otherwise, 0, match[4]
    if match and (here.root / match[2]).is_file():
        return match[2], int(match[3] or 0), match[4]
    return otherwise, 0, first
