"""A configuration that Hydra has composed of `conf/`, and what it was made of.

Knows Hydra. One or many are composed by `composer`; mistakes are explained by `config_errors`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from labkart import project
from labkart.language import mistake
from labkart.nested import flatten
from labkart.tasks.config_source import ConfigSource
from labkart.tasks.config_values import check_names
from labkart.tasks.context import context

# What composing raises for a person's mistakes; `ValueError` for files that are not UTF-8,
# `RecursionError` for files that include each other.
InvalidOverride = (HydraException, OmegaConfBaseException, YAMLError, ValueError, RecursionError)
# What Hydra's own node says of the overrides of one job, not of files, machine or job number.
OF_OVERRIDES = re.compile(r"\$\{hydra:(?!runtime\.|job\.(?:name|num|id)\})")
# The name in `${model.seed}` or `${oc.select:model.seed}`; dots before it are one section each.
_REFERENCE = re.compile(r"\$\{\s*(?:oc\.select:)?\s*(\.*)([^\s${}:,]+)\s*[,}]")
NO_FILE_NAME = "Config group override must be"  # as Hydra 1.3.8 says it


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
        """What Hydra handed to its task function, and Hydra's own node.

        Raises:
            LabkartError: it has a name or a setting of Hydra's that does no good.
        """
        if node.hydra.job.chdir:
            raise mistake(
                "hydra.job.chdir=true is not possible: a cached task would run in no folder."
                " Leave it out; self.dump(...) writes to outputs/."
            )
        # As written: an interpolation in an override is the configuration's, maybe a secret.
        overrides: Any = OmegaConf.to_container(node.hydra.overrides.task)
        composed = cls(cfg, list(map(str, overrides)), dict(node.hydra.runtime.choices), node)
        context.source = composed.source
        check_names(cfg)
        return composed

    @property
    def source(self) -> ConfigSource:
        """Where its values come from."""
        return ConfigSource(self.overrides, self.choices)

    @cached_property
    def names_overrides(self) -> bool:
        """Whether it has something of Hydra's own that differs from job to job."""
        return bool(OF_OVERRIDES.search(str(self.cfg)))

    @property
    def references(self) -> dict[str, list[str]]:
        """The settings that interpolations name, by the name of the value that has them."""
        references: dict[str, list[str]] = {}
        for name, value in flatten(OmegaConf.to_container(self.cfg)):
            for dots, target in _REFERENCE.findall(str(value)):
                sections = name.split(".")[: -len(dots)] if dots else []
                keys = re.findall(r"[^.\[\]'\"]+", target)  # `a[b]` is `a.b`
                references.setdefault(name, []).append(".".join([*sections, *keys]))
        return references

    def activate(self) -> None:
        """Make it the one that `${hydra:...}` and Labkart's messages refer to."""
        context.source = self.source
        instance: Any = HydraConfig.instance()
        instance.cfg = self.hydra
        if "${hydra:" in str(self.cfg):
            with flag_override(self.hydra.hydra, ["struct", "readonly"], False):
                self.hydra.hydra.job.num = self.number
                self.hydra.hydra.job.id = str(self.number)


def load(overrides: Iterable[str]) -> DictConfig:
    """What Hydra composes, with its own node.

    Raises:
        HydraException: it cannot, as one of `InvalidOverride`.
    """
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(project.current().root / "conf"), version_base="1.3"):
        try:
            return hydra.compose("config", overrides=list(overrides), return_hydra_config=True)
        except TypeError as error:  # Hydra takes the items of a group's list for names
            raise HydraException(f"{NO_FILE_NAME} a text: {error}") from error
