"""Composes every file in `conf/`, with the defaults of all the others. Makes no task, imports no pipeline."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import hydra
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from labkart.check import settings
from labkart.check.settings import File
from labkart.experiments import config
from labkart.experiments.config import Composed

# A path, a line, which sentence of the rule, and its values.
Found = tuple[str, int, str, dict[str, str]]


class Composing:
    """What is in `conf/`.

    Attributes:
        files: all files that are YAML.
        composed: of each file that can be chosen, the configuration that it leads to.
        found: what is wrong.
    """

    def __init__(self, root: Path) -> None:
        self.files, self.found = _read(root)
        self.composed: list[tuple[File, Composed]] = []
        self._failed: list[tuple[File, tuple[str, ...], Exception]] = []
        base_file = next((file for file in self.files if file.path == "conf/config.yaml"), None)
        if self.found or not base_file:
            self.found = self.found or [("conf/config.yaml", 0, "missing", {})]
            return
        self._groups = {
            file.group: {each.name for each in self.files if each.group == file.group}
            for file in self.files
        }
        GlobalHydra.instance().clear()
        with hydra.initialize_config_dir(str(root / "conf"), version_base="1.3"):
            self._parser = OverridesParser.create()
            if base := self._compose(base_file, ()):
                self.composed.append((base_file, base))
                self._others(base)
        for file, words, error in self._failed:  # to explain one, Hydra is begun anew
            said = str(config.explain_error(error, words)).removeprefix("conf: ")
            self.found.append(
                (file.path, 0, "composed", {"why": said.partition(" Config search path")[0]})
            )

    def _others(self, base: Composed) -> None:
        """The files of the groups; one that others begin with is looked at there."""
        parts = set(chain.from_iterable(file.includes for file in self.files))
        for file in self.files:
            if file.group and f"{file.group}/{file.name}" not in parts:
                word = f"{'' if file.group in base.choices else '+'}{file.group}={file.name}"
                is_default = base.choices.get(file.group) == file.name
                if composed := base if is_default else self._compose(file, (word,)):
                    self.composed.append((file, composed))
                    self.found += self._named(file, composed.cfg)

    def _compose(self, file: File, words: tuple[str, ...]) -> Composed | None:
        try:
            return Composed.of(
                hydra.compose("config", overrides=list(words), return_hydra_config=True)
            )
        except config.InvalidOverride as error:
            self._failed.append((file, words, error))
            return None

    def _named(self, file: File, cfg: DictConfig) -> Iterator[Found]:
        """What a search or the sweep of an experiment names and is not there."""
        own = OmegaConf.create(file.values)
        for above in ("search.space", "hydra.sweeper.params"):
            for name, text in (OmegaConf.select(own, above) or {}).items():
                if why := self._wrong(str(name), text, cfg):
                    yield file.path, file.line(f"{above}.{name}"), "named", {"why": why}

    def _wrong(self, name: str, text: object, cfg: DictConfig) -> str:
        try:
            values = self._parser.parse_override(f"{name}={text}")
        except HydraException as error:
            return f"{name}: {text} cannot be understood ({str(error).splitlines()[0]})"
        group = values.key_or_group
        if group in self._groups and values.is_discrete_sweep():
            unknown = [
                each for each in values.sweep_string_iterator() if each not in self._groups[group]
            ]
            return f"there is no {group} {', '.join(unknown)} in conf/{group}/" if unknown else ""
        known = name.startswith(("+", "hydra")) or group in self._groups or _has(cfg, group)
        return "" if known else f"there is no setting {group}"


def _read(root: Path) -> tuple[list[File], list[Found]]:
    files, broken = list[File](), list[Found]()
    for path in settings.paths(root):
        try:
            files.append(File(path, (root / path).read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            why = getattr(error, "problem", None) or " ".join(str(error).split())
            broken.append((path, settings.line_of(error), "file", {"why": why}))
        except (OSError, ValueError) as error:
            broken.append((path, 0, "file", {"why": str(error)}))
    return files, broken


def _has(cfg: DictConfig, name: str) -> bool:
    above, _, last = name.rpartition(".")
    node = OmegaConf.select(cfg, above) if above else cfg
    return isinstance(node, DictConfig) and last in list(node)
