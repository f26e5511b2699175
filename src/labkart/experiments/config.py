"""Composes `conf/` into one configuration, and explains in a sentence why that fails.

Knows Hydra, and which files and overrides a configuration is made of. Knows no task. Many
configurations at once are composed by `composer`.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.tasks.config_source import ConfigSource
from labkart.tasks.context import context

# What composing raises for a person's mistakes; `ValueError` for files that are not UTF-8.
InvalidOverride = (HydraException, OmegaConfBaseException, YAMLError, ValueError)

# Parts of messages of Hydra 1.3.8.
_FUNCTION_CALL = re.compile(r"while evaluating (.+)")
_SEVERAL_VALUES = re.compile(r"Ambiguous value for argument '(.+?)'\s+1\.", re.DOTALL)
_UNKNOWN_KEY = re.compile(
    r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'"
)


@dataclass
class Composed:
    """A configuration, and what it was made of.

    Attributes:
        cfg: all of it but Hydra's own node.
        overrides: the overrides that made it, as `model=forest`.
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
            node = OmegaConf.create({"hydra": whole.pop("hydra")}, flags={"allow_objects": True})
        return cls.of_job(whole, node)

    @classmethod
    def of_job(cls, cfg: DictConfig, node: Any) -> "Composed":
        """What Hydra handed to its task function, and Hydra's own node."""
        # As written: an interpolation in an override is the configuration's, maybe a secret.
        overrides: Any = OmegaConf.to_container(node.hydra.overrides.task)
        return cls(cfg, list(map(str, overrides)), dict(node.hydra.runtime.choices), node)

    @property
    def source(self) -> ConfigSource:
        """Where its values come from."""
        return ConfigSource(self.overrides, self.choices)

    def activate(self) -> None:
        """Make it the one that `${hydra:...}` and Labkart's messages refer to."""
        context.source = self.source
        instance: Any = HydraConfig.instance()
        instance.cfg = self.hydra
        if "${hydra:" in str(self.cfg):
            with flag_override(self.hydra.hydra, ["struct", "readonly"], False):
                self.hydra.hydra.job.num = self.number
                self.hydra.hydra.job.id = str(self.number)


def compose(*overrides: str) -> DictConfig:
    """The configuration that `labkart run` composes from the same overrides.

    Example:
        `compose("model=forest", "seed=3")`

    Raises:
        LabkartError: an override names a file or a setting that does not exist.
    """
    return compose_overrides(*overrides).cfg


def compose_overrides(*overrides: str) -> Composed:
    """The same, with what the configuration was made of."""
    try:
        composed = Composed.of(load(overrides))
    except InvalidOverride as error:
        raise explain_error(error, overrides) from None
    composed.activate()
    return composed


def load(overrides: Iterable[str]) -> DictConfig:
    """What Hydra composes, with its own node."""
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(project.current().root / "conf"), version_base="1.3"):
        return hydra.compose("config", overrides=list(overrides), return_hydra_config=True)


def explain_error(error: Exception, overrides: Iterable[str] = ()) -> LabkartError:
    """What is wrong with an override or with a file in `conf/`, by one of `InvalidOverride`."""
    return LabkartError(
        _explain_unknown_option(error)
        or _explain_unknown_key(error, overrides)
        or _explain_several_values(error)
        or _explain_syntax(error)
        or f"conf: {_one_line(error)}"
    )


def _explain_unknown_option(error: Exception) -> str:
    is_missing = isinstance(error, MissingConfigException)
    if not (is_missing and error.missing_cfg_file and error.options):
        return ""
    group, _, option = error.missing_cfg_file.rpartition("/")
    options = ", ".join(sorted(error.options))
    return f'conf: no {group} "{option}". Choose one of {options} (conf/{group}/).'


def _explain_unknown_key(error: Exception, overrides: Iterable[str]) -> str:
    match = _UNKNOWN_KEY.search(str(error))
    if not match:
        return ""
    key = match[1]
    parent, _, name = key.rpartition(".")
    # The files as the other overrides choose them, if these compose without the wrong one.
    others = [override for override in overrides if "=" in override and key not in override]
    with suppress(*InvalidOverride):
        composed = Composed.of(load(others))
        composed.activate()
        node = OmegaConf.select(composed.cfg, parent)
        names = [str(sibling) for sibling in node] if isinstance(node, DictConfig) else []
        where = composed.source.describe(node)
        return f'{where}: no setting "{key}". {did_you_mean(name, names)}'
    return ""


def _explain_several_values(error: Exception) -> str:
    match = _SEVERAL_VALUES.search(str(error))
    if not match:
        return ""
    override = match[1]
    name, _, values = override.partition("=")
    is_group = (project.current().root / "conf" / name).is_dir()
    end = "." if is_group else f"; '{name}=[{values}]' is a list."
    return f"{override} names several values: add -m to run each of them{end}"


def _explain_syntax(error: Exception) -> str:
    if not isinstance(error, OverrideParseException):
        return ""
    if "=" not in error.override:
        return f"{error.override} is not a setting. Write name=value, as model=forest."
    remedy = "Quote a value with spaces, commas or equal signs twice: 'name=\"a, b\"'"
    if match := _FUNCTION_CALL.search(_one_line(error)):
        remedy = match[1].rstrip(".")
    return f"{error.override} is not a valid Hydra override (name=value). {remedy}."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).partition("See https")[0].split())


def check_additions(overrides: Iterable[str]) -> None:
    """Refuse `+name=value` at the top, where no task could read it: Hydra takes any new name.

    Raises:
        LabkartError: an override adds a name that is not in `conf/`.
    """
    additions = [override for override in overrides if override.startswith("+")]
    if not additions:
        return
    conf = project.current().root / "conf"
    names = {"labkart", *map(str, OmegaConf.load(conf / "config.yaml"))} - {"defaults", "hydra"}
    names |= {folder.name for folder in conf.iterdir() if folder.is_dir()} - {"local"}
    for override in additions:
        name = re.split("[=.@/]", override.lstrip("+"))[0]
        if name not in names:
            remedy = did_you_mean(name, names)
            raise LabkartError(f'{override}: no setting "{name}" in conf/config.yaml. {remedy}')
