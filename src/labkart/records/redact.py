"""Removes secrets from records: passwords, keys, tokens, and values from the environment.

Each is replaced by `***`. Writes no file; the patterns of secrets are in `secrets`.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from omegaconf import AnyNode, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart import _compat
from labkart.records.secrets import MASK, SHORTEST, Span, is_harmless, is_key, mask, spans

_BINARY = re.compile(
    r"^(GIT binary patch\n(?:(?:literal|delta) \d+\n(?:[A-Za-z][!-~]+\n)*\n?)+)", re.MULTILINE
)
# The values of these variables are not secrets, and they are in each path of a traceback.
_PUBLIC = ("HOME", "USER", "LOGNAME", "PWD", "SHELL", "HOSTNAME", "LANG", "TMPDIR", "VIRTUAL_ENV")
_DEFAULT = re.compile(r"(\$\{\s*oc\.env\s*:[^,{}'\"]+,)[^{}'\"]*\}")
_UNMASKED_DEFAULT = re.compile(r"oc\.env\s*:[^,}]*,(?!\*\*\*\})")

# Values that are secret in every text of this process. A process has one environment, and texts
# come from code that knows no configuration, such as the error of a task.
_remembered = set[str]()


def secrets_of(cfg: DictConfig) -> set[str]:
    """The values that a configuration takes from `oc.env`, also defaults."""
    values = set[str]()
    if not any("oc.env" in leaf for leaf in _leaves(OmegaConf.to_container(cfg))):
        return values
    answers = list[str]()

    def evaluate(resolver: str, call: Callable[[], Any]) -> Any:
        value = call()
        if resolver == "oc.env":
            answers.append("" if value is None else str(value))
        return value

    for container, key in _places(_with_resolvers(cfg, evaluate)):
        answers.clear()
        with suppress(OmegaConfBaseException):
            value = container[key]
            # A section has places of its own.
            if answers and not OmegaConf.is_config(value):
                values |= _derived(value, answers)
        values.update(answers)
    return values - {""}


def remember_secrets(cfg: DictConfig) -> None:
    """From now on, mask the values that a configuration takes from `oc.env` in every text."""
    _remembered.update(secrets_of(cfg))


def redacted_config(cfg: DictConfig, resolve: bool = False) -> dict[str, Any]:
    """A configuration as plain dictionaries and lists, without its secrets; all keys are there.

    If interpolations are resolved, `***` replaces the value of a variable:
    `postgres://***:***@host`. If not, `${oc.env:NAME}` stays, which tells where the value comes
    from and not what it is, and only a default in it is masked.
    """
    known = secrets_of(cfg)
    if resolve:
        cfg = _with_resolvers(cfg, lambda name, call: MASK if name == "oc.env" else call())
        for container, key in _places(cfg):
            try:
                _ = OmegaConf.is_missing(container, key) or container[key]
            except OmegaConfBaseException:  # for example a mask where a number must be
                _compat.config_content(container)[key] = AnyNode(MASK)
    return redact_values(OmegaConf.to_container(cfg, resolve=resolve, enum_to_str=True), known)


def redacted_yaml(cfg: DictConfig) -> str:
    """A configuration as `OmegaConf.to_yaml` writes it, without its secrets."""
    from yaml import dump

    options: Any = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False}
    return dump(redacted_config(cfg), Dumper=_compat.config_dumper(), **options)


def redact_values(data: Any, known: Collection[str] = (), key: str = "") -> Any:
    """Settings or parameters, however nested, without their secrets.

    `known` are values that are secret wherever they are; so is one whose key is like `password`.
    """
    if isinstance(data, dict):
        return {name: redact_values(child, known, f"{key}.{name}") for name, child in data.items()}
    if isinstance(data, list | tuple):
        return [redact_values(child, known, key) for child in data]
    if isinstance(data, str) and "oc.env" in data and "${" in data:
        data = _DEFAULT.sub(rf"\1{MASK}}}", data)
        data = MASK if _UNMASKED_DEFAULT.search(data) else data
    if data is not None and not isinstance(data, bool) and is_key(key):
        return data if is_harmless(str(data)) else MASK
    return redact_text(data, known) if isinstance(data, str) and len(data) >= SHORTEST else data


def redact_overrides(overrides: Collection[str], known: Collection[str] = ()) -> list[str]:
    """The arguments of a command, such as `db.password=...`, without their secrets."""
    redacted = list[str]()
    for override in overrides:
        key, sign, value = override.partition("=")
        text = f"{key}={redact_values(value, known, key)}" if sign else redact_text(key, known)
        redacted.append(text)
    return redacted


def redact_text(text: str, known: Collection[str] = ()) -> str:
    """Any text, such as a diff or a traceback, without its secrets; the rest stays as it is.

    `known` are values that are secret wherever they are, as `secrets_of` returns them.
    """
    forms = _forms({*known, *_remembered})
    # Every second piece is a binary patch, whose letters mean nothing.
    pieces = _BINARY.split(text)
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        pieces[index] = mask(piece, [*_spans_of(forms, piece), *spans(piece)])
    return "".join(pieces)


def _forms(values: Collection[str]) -> list[str]:
    """All forms in which secret values may be written."""
    public = {os.environ.get(name) for name in _PUBLIC}
    forms = set[str]()
    for value in values:
        is_path = value.startswith("/") and os.path.exists(value)  # noqa: PTH110 (it may be too long for a Path)
        if value not in public and not is_path:
            forms |= {value, repr(value)[1:-1], json.dumps(value)[1:-1]}
            forms.add(quote(value, safe="", errors="replace"))
            forms |= {line.strip() for line in value.splitlines()}
    return [form for form in forms if len(form) >= SHORTEST and re.search(r"\w", form)]


def _spans_of(forms: list[str], text: str) -> Iterator[Span]:
    for form in forms:
        if form in text:
            pattern = re.escape(form)
            if form.isalpha() or form.isdigit():  # a part of another word is not a secret
                pattern = rf"(?<!\w){pattern}(?!\w)"
            yield from (match.span() for match in re.finditer(pattern, text))


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
