"""Composing `conf/`: one configuration, or many that differ in a few values; and what is wrong where that fails."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.tasks.config_source import CHOSEN, describe_source

# What composing raises for what a person wrote: complaints of Hydra, OmegaConf and YAML, and files that are no UTF-8.
InvalidOverride = (HydraException, OmegaConfBaseException, YAMLError, ValueError)

# What Hydra's own node says of the words of one job, and not of the files, the machine or the job's number.
_OF_THE_WORDS = re.compile(r"\$\{hydra:(?!runtime\.|job\.(?:name|num|id)\})")

_OF_A_FUNCTION = re.compile(r"while evaluating (.+)")
_SEVERAL = re.compile(r"Ambiguous value for argument '(.+?)'\s+1\.", re.DOTALL)
_NOT_THERE = re.compile(r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'")


@dataclass
class Composed:
    """A configuration, and how it came about.

    Attributes:
        cfg: all of it but Hydra's own node.
        overrides: the words that made it, as `model=forest`.
        choices: the chosen file of each group in `conf/`.
        hydra: Hydra's own node, under that name.
        number: which one it is of many that were composed together.
    """

    cfg: DictConfig
    overrides: list[str]
    choices: dict[str, Any]
    hydra: DictConfig
    number: int = 0

    @classmethod
    def of(cls, whole: DictConfig) -> "Composed":
        """What Hydra composed, with its own node in it, which is taken out."""
        with flag_override(whole, ["struct", "readonly"], False):
            own = OmegaConf.create({"hydra": whole.pop("hydra")}, flags={"allow_objects": True})
        return cls(
            whole, _error_text(own.hydra.overrides.task), dict(own.hydra.runtime.choices), own
        )

    @classmethod
    def now(cls, cfg: DictConfig) -> "Composed":
        """What Hydra handed to a job."""
        own = HydraConfig.get()
        whole: Any = HydraConfig.instance().cfg
        return cls(cfg, _error_text(own.overrides.task), dict(own.runtime.choices), whole)

    def activate(self) -> None:
        """Make it the one of which `${hydra:...}` and Labkart's messages speak."""
        CHOSEN.overrides, CHOSEN.files = self.overrides, self.choices
        instance: Any = HydraConfig.instance()
        instance.cfg = self.hydra
        if "${hydra:" in str(self.cfg):
            with flag_override(self.hydra.hydra, ["struct", "readonly"], False):
                self.hydra.hydra.job.num, self.hydra.hydra.job.id = self.number, str(self.number)


def _error_text(words: Any) -> list[str]:
    """The words as they were written: an interpolation in one is of the configuration, and may be a secret."""
    said: Any = OmegaConf.to_container(words)
    return [str(word) for word in said]


def compose(*overrides: str) -> DictConfig:
    """The configuration that `labkart run` would compose from the same words: `compose("model=forest", "seed=3")`.

    Raises:
        LabkartError: an override names what is not there.
    """
    return compose_overrides(*overrides).cfg


def compose_overrides(*overrides: str) -> Composed:
    """The same with how it came about."""
    try:
        found = Composed.of(_load(overrides))
    except InvalidOverride as error:
        raise explain_error(error, overrides) from None
    found.activate()
    return found


def _load(overrides: Iterable[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(project.current().root / "conf"), version_base="1.3"):
        return hydra.compose("config", overrides=list(overrides), return_hydra_config=True)


class Composer:
    """Composes many configurations: what Hydra takes 60 ms for is done once for all that choose the same files."""

    def __init__(self, load: Callable[[list[str]], DictConfig] | None = None) -> None:
        """Take Hydra's way to compose; without one, that of `compose`."""
        self._load = load or _load
        self._parsed: dict[str, Override] = {}
        self._bases: dict[tuple[str, ...], Composed] = {}

    def compose(self, words: Sequence[str], number: int = 0) -> Composed:
        """One configuration. Raises LabkartError where a word names what is not there."""
        try:
            return self._compose(words, number)
        except InvalidOverride as error:
            raise explain_error(error, words) from None

    def _compose(self, words: Sequence[str], number: int) -> Composed:
        new = [word for word in words if word not in self._parsed]
        check_additions(new)
        self._parsed |= zip(new, OverridesParser.create().parse_overrides(new), strict=True)
        told = [self._parsed[word] for word in words]
        # Hydra applies values in their order: before one that it must read itself, it reads all.
        first = max(
            (place for place, each in enumerate(told, 1) if self._may_be_value(each)), default=0
        )
        values = [each for each in told[first:] if self._is_value(each)]
        base = self._base(
            tuple(word for word, each in zip(words, told, strict=True) if each not in values)
        )
        if _OF_THE_WORDS.search(f"{base.cfg} {words}"):
            base, values = self._base(tuple(words)), []
        cfg = deepcopy(base.cfg)
        ConfigLoaderImpl._apply_overrides_to_config(values, cfg)
        own = [word for word, each in zip(words, told, strict=True) if not each.is_hydra_override()]
        return Composed(cfg, own, base.choices, base.hydra, number)

    def _base(self, files: tuple[str, ...]) -> Composed:
        if files not in self._bases:
            self._bases[files] = Composed.of(self._load(list(files)))
        return self._bases[files]

    @cached_property
    def _groups(self) -> Collection[str] | None:
        """The groups of files that the defaults choose from; nothing where the defaults alone are not whole."""
        with suppress(*InvalidOverride):
            return self._base(()).choices
        return None

    def _is_value(self, override: Override) -> bool:
        """Whether Hydra applies a word when everything is composed; what may choose a file is left to it."""
        name, groups = override.key_or_group, self._groups
        chooses = groups is None or "/" in name or override.package or override.is_hydra_override()
        return not chooses and (
            "." in name or (override.type == OverrideType.CHANGE and name not in (groups or ()))
        )

    def _may_be_value(self, override: Override) -> bool:
        """Whether Hydra may apply a word, although it must read it: a new name at the top, a group given as values."""
        name, dictionary = override.key_or_group, isinstance(override.value(), dict)
        left = not (self._is_value(override) or override.package or override.is_hydra_override())
        return left and (dictionary or name not in (self._groups or ()))


def explain_error(error: Exception, words: Iterable[str] = ()) -> LabkartError:
    """What is wrong with the words of a command or with a file in `conf/`, as a sentence."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = ", ".join(sorted(error.options))
        return LabkartError(
            f'conf: no {group} "{option}". Choose one of {options} (conf/{group}/).'
        )
    if not_there := _NOT_THERE.search(str(error)):
        parent, _, name = not_there[1].rpartition(".")
        # The files as the other words choose them, if these compose without the wrong one.
        others = [word for word in words if "=" in word and not_there[1] not in word]
        with suppress(*InvalidOverride):
            found = Composed.of(_load(others))
            found.activate()
            node = OmegaConf.select(found.cfg, parent) if parent else found.cfg
            known = [str(key) for key in node] if isinstance(node, DictConfig) else []
            return LabkartError(
                f'{describe_source(node)}: no setting "{not_there[1]}". {did_you_mean(name, known)}'
            )
    if several := _SEVERAL.search(str(error)):
        is_group = (project.current().root / "conf" / several[1].partition("=")[0]).is_dir()
        list_ = several[1].replace("=", "=[", 1) + "]"
        other = "." if is_group else f"; '{list_}' is a list."
        return LabkartError(f"{several[1]} names several values: add -m to run each of them{other}")
    said = " ".join(str(error).partition("See https")[0].split())
    if isinstance(error, OverrideParseException):
        if "=" not in error.override:
            return LabkartError(f"{error.override}: wants a name and a value, as model=forest.")
        remedy = (
            "What has spaces, commas or equal signs wants quotes within quotes: 'name=\"a, b\"'"
        )
        if of_a_function := _OF_A_FUNCTION.search(said):
            remedy = of_a_function[1].rstrip(".")
        return LabkartError(f"{error.override}: is no name=value that Hydra reads. {remedy}.")
    return LabkartError(f"conf: {said}")


def check_additions(overrides: Iterable[str]) -> None:
    """Refuse `+name=value` at the top, where no task could read it: Hydra takes any new name without a word."""
    added = [override for override in overrides if override.startswith("+")]
    if not added:
        return
    conf = project.current().root / "conf"
    known = {"labkart", *map(str, OmegaConf.load(conf / "config.yaml"))} - {"defaults", "hydra"}
    known |= {folder.name for folder in conf.iterdir() if folder.is_dir()} - {"local"}
    for override in added:
        top = re.split("[=.@/]", override.lstrip("+"))[0]
        if top not in known:
            raise LabkartError(
                f'{override}: no setting "{top}" in conf/config.yaml. {did_you_mean(top, known)}'
            )
