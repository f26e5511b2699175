"""The overrides that compose a recorded configuration again, on another checkout.

Composes nothing itself.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf

from labkart.experiments.override_syntax import write_value
from labkart.language import bilingual
from labkart.records.record import ExperimentRecord
from labkart.records.values import WITHOUT_EFFECT
from labkart.secrets import redact
from labkart.secrets.names import MASK

_VARIABLE = re.compile(r"\$\{\s*oc\.env\s*:\s*(\w+)\s*\}")
_SIMPLE_NAME = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True)
class RecordedOverrides:
    """How an experiment was composed.

    Attributes:
        overrides: those of its command, with masked secrets.
        config: the whole configuration as YAML, unresolved, with masked secrets.
    """

    overrides: Sequence[str]
    config: str

    @classmethod
    def of(cls, experiment: ExperimentRecord) -> "RecordedOverrides":
        """Those of a record."""
        config = experiment.text("config.yaml") or json.dumps(experiment.config)
        return cls(experiment.overrides, config)

    def masked(self, given: Sequence[str] = ()) -> list[str]:
        """The settings of the command that the record masks and nobody has given now."""
        names = {_name(override) for override in given}
        return [
            _name(override)
            for override in self.overrides
            if MASK in override and _name(override) not in names
        ]

    def unset_variables(self) -> list[str]:
        """The environment variables that it reads and that are not set."""
        names = dict.fromkeys(_VARIABLE.findall(self.config))
        return [name for name in names if name not in os.environ]

    def with_given(self, given: Sequence[str] = ()) -> list[str]:
        """The command's overrides, with those given now instead of the masked ones."""
        return [*(override for override in self.overrides if MASK not in override), *given]

    def corrections(self, composed: str) -> list[str]:
        """The overrides that turn another composition, as YAML, into the recorded configuration.

        They are needed if a file that git does not have had a part in it, such as
        `conf/local/default.yaml`.
        """
        then, now = _values(self.config), _values(composed)
        if not isinstance(then, dict) or not isinstance(now, dict):
            return []
        return list(_differences(then, now, ""))


def contradictions(overrides: Sequence[str], corrections: Sequence[str]) -> list[str]:
    """The overrides of a command that the recorded configuration contradicts, with its values."""
    recorded = {_name(correction): correction.lstrip("+") for correction in corrections}
    return [
        bilingual(
            "{override} in the command -> {recorded}",
            override=override,
            recorded=recorded[_name(override)],
        )
        for override in overrides
        if _name(override) in recorded
    ]


def _differences(then: dict[str, Any], now: dict[str, Any], parent: str) -> Iterator[str]:
    for key, value in then.items():
        name = f"{parent}.{key}" if parent else str(key)
        if name in WITHOUT_EFFECT or not _SIMPLE_NAME.fullmatch(str(key)):
            continue
        new_value = now.get(key)
        if isinstance(value, dict) and isinstance(new_value, dict):
            yield from _differences(value, new_value, name)
        elif (value != new_value or key not in now) and MASK not in str(value):
            yield f"++{name}={write_value(value)}"
    for key in now.keys() - then.keys():
        name = f"{parent}.{key}" if parent else str(key)
        if name not in WITHOUT_EFFECT and _SIMPLE_NAME.fullmatch(str(key)):
            yield f"~{name}"


def _values(text: str) -> Any:
    config: Any = OmegaConf.create(text)
    if not OmegaConf.is_config(config):
        return None
    return redact.redact_values(OmegaConf.to_container(config))


def _name(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")
