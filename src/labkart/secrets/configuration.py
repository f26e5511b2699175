"""The secrets of a configuration: by their names, or because they come from `oc.env`.

Knows OmegaConf's interpolations. What has a name elsewhere, and any text, is `redact`'s.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

from omegaconf import AnyNode, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart import _compat
from labkart.nested import flatten
from labkart.secrets.names import MASK, Names
from labkart.secrets.redact import redact_values

# Short words are in every text: as a secret, one is masked only in its own place.
_WORD = re.compile(r"[a-z]{1,8}|\d{1,5}")


def secrets_of(cfg: DictConfig) -> set[str]:
    """The secrets in a configuration, by their names or because they are from `oc.env`."""
    container, names = OmegaConf.to_container(cfg), Names.current()
    values = {leaf for leaf in _named(container, names) if not _WORD.fullmatch(leaf)}
    if any("oc.env" in leaf for leaf in _leaves(container)):
        values |= _from_variables(cfg, names)
    return values - {""}


def redacted_config(
    cfg: DictConfig, known: Collection[str], *, resolve: bool = False
) -> dict[str, Any]:
    """A configuration as plain dictionaries and lists, without its secrets; all keys are there.

    What is known of them is what `secrets_of` returns.

    If interpolations are resolved, `***` replaces the value of a variable:
    `postgres://***:***@host`. If not, `${oc.env:NAME}` stays, which tells where the value comes
    from and not what it is, and only a default in it is masked.
    """
    names = Names.current()
    if resolve and "${" in str(OmegaConf.to_container(cfg)):

        def evaluate(resolver: str, arguments: Any, call: Any) -> Any:
            value = call()
            is_secret = resolver == "oc.env" and _is_secret(names, arguments, value)
            return MASK if is_secret else value

        cfg = _with_resolvers(cfg, evaluate)
        for container, key in _places(cfg):
            try:
                _ = OmegaConf.is_missing(container, key) or container[key]
            except OmegaConfBaseException:  # for example a mask where a number must be
                _compat.config_content(container)[key] = AnyNode(MASK)
    return redact_values(OmegaConf.to_container(cfg, resolve=resolve, enum_to_str=True), known)


def redacted_yaml(cfg: DictConfig, known: Collection[str]) -> str:
    """A configuration as `OmegaConf.to_yaml` writes it, without its secrets."""
    from yaml import dump

    options: Any = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False}
    return dump(redacted_config(cfg, known), Dumper=_compat.config_dumper(), **options)


def _named(data: Any, names: Names) -> Iterator[str]:
    for name, value in flatten(data):
        for leaf in _leaves(value):
            if names.are_secret(name, leaf):
                yield leaf


def _from_variables(cfg: DictConfig, names: Names) -> set[str]:
    """What is taken from `oc.env`, also defaults."""
    values, answers = set[str](), list[str]()

    def evaluate(resolver: str, arguments: Any, call: Any) -> Any:
        value = call()
        if resolver == "oc.env" and _is_secret(names, arguments, value):
            answers.append(str(value))
        return value

    for container, key in _places(_with_resolvers(cfg, evaluate)):
        answers.clear()
        with suppress(OmegaConfBaseException):
            value = container[key]
            # A section has places of its own.
            if answers and not OmegaConf.is_config(value):
                values |= _derived(value, answers)
        values.update(answers)
    return values


def _is_secret(names: Names, arguments: Any, value: object) -> bool:
    """Whether `oc.env` with these arguments gives a secret."""
    return value is not None and names.are_secret_variable(str(arguments[0]), str(value))


def _with_resolvers(cfg: DictConfig, evaluate: _compat.Evaluate) -> DictConfig:
    """A copy of a configuration in which `evaluate` answers for the resolvers."""
    copy = deepcopy(cfg)
    nodes = [_compat.config_content(container)[key] for container, key in _places(copy)]
    for container in [copy, *nodes]:
        if OmegaConf.is_config(container):
            _compat.replace_resolvers(container, evaluate)
    return copy


def _places(container: Any) -> Iterator[tuple[Any, Any]]:
    """All places below a container, each as the container that it is in and its key or index."""
    content = _compat.config_content(container)
    keys: Collection[Any] = content if isinstance(content, dict) else ()
    if isinstance(content, list):
        keys = range(len(content))
    for key in keys:
        yield container, key
        if OmegaConf.is_config(content[key]):
            yield from _places(content[key])


def _derived(value: Any, answers: list[str]) -> set[str]:
    """What `oc.decode` or a resolver of the student's made of variables: it is as secret."""
    known = [answer for answer in answers if answer]
    return {leaf for leaf in _leaves(value) if not any(answer in leaf for answer in known)}


def _leaves(data: Any) -> list[str]:
    """The plain values in nested data, as texts."""
    children = list(data.values()) if isinstance(data, dict) else data
    if isinstance(children, list):
        return [leaf for child in children for leaf in _leaves(child)]
    return [] if data is None else [str(data)]
