"""Settings of a composed configuration that are not there, or that refer to nothing, in a sentence.

Knows OmegaConf's errors. For configurations that do not compose see `experiments.config_errors`.
"""

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from labkart._compat import config_node, config_root, config_text
from labkart.errors import LabkartError
from labkart.tasks.context import context
from labkart.wording import closest, did_you_mean

# As a Japanese keyboard writes ASCII's characters, and the blanks that look like a blank.
_LOOK_ALIKE = re.compile("[\uff01-\uff5e\u3000\u00a0]")
# Parts of messages of OmegaConf 2.3.1 about a reference, each with the end of our sentence.
_REASONS = {
    r"Interpolation key '(?P<name>.+)' not found": 'and there is no setting "{name}". {hint}',
    r"Missing mandatory value: (?P<name>.+)": (
        'and "{name}" has no value yet. Write one, or add {name}=... here.'
    ),
    r"Environment variable '(?P<name>.+?)' not found": (
        "and the environment variable {name} is not set."
        " Set it, or write ${{oc.env:{name},default}}."
    ),
    r"Unsupported interpolation type (?P<name>.+)": (
        'and "{name}:" means nothing. Write ${{oc.env:NAME}} for an environment variable.'
    ),
    r"Recursive interpolation": "which leads back to itself.",
}


def explain_value_error(error: OmegaConfBaseException) -> str:
    """Which setting has no value, or refers to nothing; where it is written, and what to do."""
    parent, key = error.parent_node, error.full_key or str(error.key)
    where = context.source.describe(parent, str(error.key))
    message = str(error).partition("\n")[0]
    if isinstance(error, MissingMandatoryValue):
        remedy = "Write one there" if "[" in key else f"Write one there, or add {key}=... here"
        return f'{where}: "{key}" has no value yet. {remedy}.'
    for pattern, reason in _REASONS.items():
        match = re.search(pattern, message)
        if match and parent is not None:
            name = match.groupdict().get("name", "")
            end = reason.format(name=name, hint=_hint(config_root(parent), name)).rstrip()
            return f'{where}: "{key}" is {config_text(parent, error.key)}, {end}'
    return f'{where}: "{key}": {message}.'


def _hint(root: Any, key: str) -> str:
    return suggest_setting(root, key.split("."))[1] if isinstance(root, DictConfig) else ""


def suggest_setting(cfg: DictConfig, parts: list[str]) -> tuple[Any, str]:
    """The deepest section on the way to an unknown setting, and the setting that is meant.

    Looks on all levels: `trees` may be meant for `model.params.trees`.
    """
    node: Any = cfg
    section, path = cfg, list[str]()
    for part in parts:
        match = _closest_name(part, node)
        if match is None:
            break
        section, node = node, config_node(node, match)
        path.append(match)
    if len(path) == len(parts):
        is_last = path[:-1] == parts[:-1]
        return section, f'Did you mean "{path[-1] if is_last else ".".join(path)}"?'
    same = [key for key in _keys(cfg) if key.rpartition(".")[2] == parts[-1]]
    if same:
        quoted = [f'"{key}"' for key in same[:3]]
        return cfg, f"Did you mean {' or '.join(quoted)}?"
    if path != parts[: len(path)]:
        return section, f'Did you mean "{".".join(path)}"?'
    if isinstance(node, DictConfig) and not node:
        return node, f'"{".".join(path)}" is empty. +{".".join(parts)}=... adds the setting.'
    if isinstance(node, DictConfig):
        return node, did_you_mean(parts[len(path)], map(str, node))
    return section, f'"{".".join(path)}" has no settings: it is {node}.'


def _closest_name(part: str, node: Any) -> str | None:
    names = [str(name) for name in node] if isinstance(node, DictConfig) else []
    return part if part in names else closest(part, names)


def _keys(cfg: DictConfig, start: str = "") -> Iterator[str]:
    """The full names of all settings."""
    for name in cfg:
        key, node = f"{start}{name}", config_node(cfg, name)
        yield key
        if isinstance(node, DictConfig):
            yield from _keys(node, f"{key}.")


def check_names(cfg: DictConfig | ListConfig) -> None:
    """Refuse names with full-width characters or blanks, which YAML takes for part of the name.

    Raises:
        LabkartError: a name in `conf/` has one.
    """
    for key in cfg if isinstance(cfg, DictConfig) else range(len(cfg)):
        node = config_node(cfg, key)
        if _LOOK_ALIKE.search(str(key)):
            problem = f'the name "{key}" has a full-width character or blank'
            remedy = "Write it in ASCII, and indent with plain blanks."
            raise LabkartError(f"{context.source.describe(cfg)}: {problem}. {remedy}")
        if isinstance(node, DictConfig | ListConfig):
            check_names(node)
