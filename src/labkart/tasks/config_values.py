"""Settings of a composed configuration that are not there, or that refer to nothing, in a sentence.

Knows OmegaConf's errors. For configurations that do not compose see `experiments.config_errors`.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from omegaconf import DictConfig, ListConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from labkart._compat import config_node, config_root, config_text
from labkart.language import join_sentences, mistake, translate
from labkart.tasks.context import context
from labkart.wording import closest, did_you_mean, did_you_mean_names

# As a Japanese keyboard writes ASCII's characters, and the blanks that look like a blank.
_LOOK_ALIKE = re.compile("[\uff01-\uff5e\u3000\u00a0]")
# What OmegaConf 2.3.1 says of a reference to a setting or variable that does not exist.
_NO_SETTING = re.compile(r"Interpolation key '(.+)' not found")
_NO_VARIABLE = re.compile(r"Environment variable '(.+)' not found")


def explain_value_error(error: OmegaConfBaseException) -> str:
    """Which setting has no value, or refers to nothing; where it is written, and what to do."""
    parent, key = error.parent_node, error.full_key or str(error.key)
    where = context.source.describe(parent, str(error.key))
    message = str(error).partition("\n")[0]
    if isinstance(error, MissingMandatoryValue):
        if "[" in key:
            return translate(
                '{place}: "{key}" has no value yet. Write one there.', place=where, key=key
            )
        return translate(
            '{place}: "{key}" has no value yet. Write one there, or add {key}=... here.',
            place=where,
            key=key,
        )
    if parent is None:
        return f'{where}: "{key}": {message}.'
    parts = {"place": where, "key": key, "text": config_text(parent, error.key)}
    if match := _NO_VARIABLE.search(message):
        return translate(
            '{place}: "{key}" is {text}, and the environment variable {name} is not set.'
            " Set it, or write ${{oc.env:{name},default}}.",
            name=match[1],
            **parts,
        )
    match = _NO_SETTING.search(message)
    if not match:
        return translate('{place}: "{key}" is {text}: {message}.', message=message, **parts)
    problem = translate(
        '{place}: "{key}" is {text}, and there is no setting "{name}".', name=match[1], **parts
    )
    root = config_root(parent)
    hint = suggest_setting(root, match[1].split(".")).hint if isinstance(root, DictConfig) else ""
    return join_sentences(problem, hint)


class Suggestion(NamedTuple):
    """What a person may have meant by a setting that does not exist.

    Attributes:
        section: the deepest one on the way to it.
        hint: a sentence.
        names_setting: whether that names the setting that is meant.
    """

    section: Any
    hint: str
    names_setting: bool = True


def suggest_setting(cfg: DictConfig, parts: list[str]) -> Suggestion:
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
        return Suggestion(section, did_you_mean_names([path[-1] if is_last else ".".join(path)]))
    # The space of a search names settings of others.
    keys = (key for key in _keys(cfg) if not key.startswith("search."))
    same = [key for key in keys if key.rpartition(".")[2] == parts[-1]]
    if same:
        return Suggestion(cfg, did_you_mean_names(same[:3]))
    if path != parts[: len(path)]:
        return Suggestion(section, did_you_mean_names([".".join(path)]))
    if isinstance(node, DictConfig) and not node:
        hint = translate(
            '"{section}" is empty. +{setting}=... adds the setting.',
            section=".".join(path),
            setting=".".join(parts),
        )
        return Suggestion(node, hint, names_setting=False)
    if isinstance(node, DictConfig):
        names, part = list(map(str, node)), parts[len(path)]
        return Suggestion(node, did_you_mean(part, names), closest(part, names) is not None)
    hint = translate(
        '"{section}" has no settings: it is {value}.', section=".".join(path), value=node
    )
    return Suggestion(section, hint, names_setting=False)


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
            raise mistake(
                '{file}: the name "{key}" has a full-width character or blank.'
                " Write it in ASCII, and indent with plain blanks.",
                file=context.source.describe(cfg),
                key=key,
            )
        if isinstance(node, DictConfig | ListConfig):
            check_names(node)
