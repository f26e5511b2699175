"""The settings below `labkart` in a configuration: how an experiment runs, never what comes out.

Knows which there are and what they may be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from labkart.errors import LabkartError

SECTION = "labkart"
# Not part of an experiment's identity: these settings, and which search tries it.
NOT_IN_ID = (SECTION, "search")


@dataclass(frozen=True)
class _SettingType:
    """What a setting may be.

    Attributes:
        accepts: whether it may be this value.
        noun: the same for a person.
    """

    accepts: Callable[[Any], bool]
    noun: str


def _is_positive_integer(value: Any) -> bool:
    return type(value) is int and value > 0  # True is an int, too


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, ListConfig) and all(isinstance(item, str) for item in value)


_TYPES = {
    "workers": _SettingType(_is_positive_integer, "a positive integer"),
    "artifact_mb": _SettingType(_is_number, "a number"),
    "seeds": _SettingType(_is_list_of_strings, "a list of names, as [seed],"),
    "less_is_better": _SettingType(_is_list_of_strings, "a list of words, as [loss],"),
    "tags": _SettingType(_is_list_of_strings, "a list of words, as [paper],"),
    "rank_by": _SettingType(_is_string, "the name of a metric"),
}


def setting(cfg: DictConfig, name: str, default: Any) -> Any:
    """A setting of the configuration, or the default if it is missing or null."""
    value = OmegaConf.select(cfg, f"{SECTION}.{name}")
    return default if value is None else value


def check_settings(cfg: DictConfig) -> None:
    """Refuse a value that would otherwise be noticed when everything has run.

    Raises:
        LabkartError: a setting is not what it may be.
    """
    for name, setting_type in _TYPES.items():
        value = setting(cfg, name, None)
        if value is not None and not setting_type.accepts(value):
            raise LabkartError(
                f"{SECTION}.{name} must be {setting_type.noun} or null, got {value}."
            )
