"""The settings below `labkart` in a configuration: how an experiment runs, never what comes out.

Knows which there are and what they may be.
"""

from collections.abc import Callable, Mapping
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from labkart.errors import LabkartError
from labkart.language import translate

SECTION = "labkart"
RESOURCES = "resources"  # of this machine
# Not part of an experiment's identity: these settings, and which search tries it.
NOT_IN_ID = (SECTION, "search")


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, ListConfig) and all(isinstance(item, str) for item in value)


def _is_positive_integer(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_gpu_setting(value: Any) -> bool:
    if isinstance(value, ListConfig):
        return all(isinstance(item, str) or (type(item) is int and item >= 0) for item in value)
    return value == "auto" or (type(value) is int and value >= 0)


_Check = tuple[Callable[[Any], bool], Callable[[], str]]
# For each setting: whether it may be a value, and the same in words. True is an int for Python.
_CHECKS: dict[str, _Check] = {
    "workers": (_is_positive_integer, lambda: translate("a positive integer")),
    "artifact_mb": (lambda value: type(value) in (int, float), lambda: translate("a number")),
    "artifact_tasks": (lambda value: value in ("results", "all"), lambda: "results, all"),
    "seeds": (_is_list_of_strings, lambda: translate("a list of names, as [seed],")),
    "higher_is_better": (
        _is_list_of_strings,
        lambda: translate("a list of names of metrics, as [gain],"),
    ),
    "lower_is_better": (
        _is_list_of_strings,
        lambda: translate("a list of names of metrics, as [cost],"),
    ),
    "tags": (_is_list_of_strings, lambda: translate("a list of words, as [paper],")),
    "rank_by": (lambda value: isinstance(value, str), lambda: translate("the name of a metric")),
}
# The same for what is below `labkart.resources`.
_RESOURCES: dict[str, _Check] = {
    "gpu": (
        _is_gpu_setting,
        lambda: translate("auto, the number of graphics cards, a list of them, as [0, 2],"),
    ),
    "tasks_per_gpu": _CHECKS["workers"],
}
_AMOUNT: _Check = (
    lambda value: type(value) in (int, float) and value >= 0,
    lambda: translate("a number, 0 or more,"),
)


def setting(cfg: DictConfig, name: str, default: Any) -> Any:
    """A setting of the configuration, or the default if it is missing or null."""
    value = OmegaConf.select(cfg, f"{SECTION}.{name}")
    return default if value is None else value


def section(cfg: DictConfig) -> dict[str, Any]:
    """All of these settings, as plain values."""
    values = OmegaConf.to_container(cfg.get(SECTION) or OmegaConf.create({}), resolve=True)
    return {str(name): value for name, value in values.items()} if isinstance(values, dict) else {}


def check_settings(cfg: DictConfig) -> None:
    """Refuse a value that would otherwise be noticed only after everything has run.

    Raises:
        LabkartError: a setting is not what it may be.
    """
    if not isinstance(cfg.get(SECTION), DictConfig | None):
        raise LabkartError(
            translate(
                "conf: {section} must be a section (name: value), got {value}.",
                section=SECTION,
                value=cfg[SECTION],
            )
        )
    for name, (accepts, noun) in _CHECKS.items():
        value = setting(cfg, name, None)
        if value is not None and not accepts(value):
            raise _wrong_value(f"{SECTION}.{name}", noun(), value)
    _check_resources(setting(cfg, RESOURCES, {}))


def _check_resources(stated: Any) -> None:
    """Refuse amounts that are none."""
    place = f"{SECTION}.{RESOURCES}"
    if not isinstance(stated, Mapping):
        raise LabkartError(
            translate(
                "{setting} must be names and amounts, as {{gpu: auto}}, got {value}.",
                setting=place,
                value=stated,
            )
        )
    for name, amount in stated.items():
        accepts, noun = _RESOURCES.get(str(name), _AMOUNT)
        if amount is not None and not accepts(amount):
            raise _wrong_value(f"{place}.{name}", noun(), amount)


def _wrong_value(setting: str, noun: str, value: Any) -> LabkartError:
    return LabkartError(
        translate(
            "{setting} must be {noun} or null, got {value}.",
            setting=setting,
            noun=noun,
            value=value,
        )
    )
