"""The settings below `labkart` in a configuration: how an experiment runs, never what comes out.

Knows which there are and what they may be.
"""

from collections.abc import Callable, Mapping
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from labkart.language import mistake, translate

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
_COUNT: _Check = (_is_positive_integer, lambda: translate("a positive integer"))
_NAMES: _Check = (_is_list_of_strings, lambda: translate("a list of names, as [a, b],"))
_AMOUNT: _Check = (
    lambda value: type(value) in (int, float) and value >= 0,
    lambda: translate("a number, 0 or more,"),
)
# For each setting: whether it may be a value, and the same in words. True is an int for Python.
_CHECKS: dict[str, _Check] = {
    "workers": _COUNT,
    "artifact_mb": (lambda value: type(value) in (int, float), lambda: translate("a number")),
    "artifact_tasks": (lambda value: value in ("results", "all"), lambda: "results, all"),
    "seeds": _NAMES,
    "higher_is_better": _NAMES,
    "lower_is_better": _NAMES,
    "tags": _NAMES,
    "rank_by": (lambda value: isinstance(value, str), lambda: translate("the name of a metric")),
    f"{RESOURCES}.gpu": (
        _is_gpu_setting,
        lambda: translate("auto, the number of graphics cards, a list of them, as [0, 2],"),
    ),
    f"{RESOURCES}.tasks_per_gpu": _COUNT,
}


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
        raise mistake(
            "conf: {section} must be a section (name: value), got {value}.",
            section=SECTION,
            value=cfg[SECTION],
        )
    resources = setting(cfg, RESOURCES, {})
    if not isinstance(resources, Mapping):
        raise mistake(
            "{setting} must be names and amounts, as {{gpu: auto}}, got {value}.",
            setting=f"{SECTION}.{RESOURCES}",
            value=resources,
        )
    amounts = {f"{RESOURCES}.{name}": _AMOUNT for name in resources}
    for name, (accepts, noun) in (amounts | _CHECKS).items():
        value = setting(cfg, name, None)
        if value is not None and not accepts(value):
            raise mistake(
                "{setting} must be {noun} or null, got {value}.",
                setting=f"{SECTION}.{name}",
                noun=noun(),
                value=value,
            )
