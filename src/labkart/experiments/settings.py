"""The settings below `labkart` in a configuration: how an experiment runs, never what comes out.

Knows which there are and what they may be.
"""

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from labkart.errors import LabkartError

SECTION = "labkart"
# Not part of an experiment's identity: these settings, and which search tries it.
NOT_IN_ID = (SECTION, "search")


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, ListConfig) and all(isinstance(item, str) for item in value)


# For each setting: whether it may be a value, and the same in words. True is an int for Python.
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "workers": (lambda value: type(value) is int and value > 0, "a positive integer"),
    "artifact_mb": (lambda value: type(value) in (int, float), "a number"),
    "seeds": (_is_list_of_strings, "a list of names, as [seed],"),
    "less_is_better": (_is_list_of_strings, "a list of words, as [loss],"),
    "tags": (_is_list_of_strings, "a list of words, as [paper],"),
    "rank_by": (lambda value: isinstance(value, str), "the name of a metric"),
}


def setting(cfg: DictConfig, name: str, default: Any) -> Any:
    """A setting of the configuration, or the default if it is missing or null."""
    value = OmegaConf.select(cfg, f"{SECTION}.{name}")
    return default if value is None else value


def check_settings(cfg: DictConfig) -> None:
    """Refuse a value that would otherwise be noticed only after everything has run.

    Raises:
        LabkartError: a setting is not what it may be.
    """
    for name, (accepts, noun) in _CHECKS.items():
        value = setting(cfg, name, None)
        if value is not None and not accepts(value):
            raise LabkartError(f"{SECTION}.{name} must be {noun} or null, got {value}.")
