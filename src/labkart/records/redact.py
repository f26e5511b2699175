"""What must not stand in a record: values from the environment, passwords, keys and tokens. Writes no file."""

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

from labkart.records.secrets import MASK, SHORTEST, Span, harmless, is_key, spans

_BINARY = re.compile(
    r"^(GIT binary patch\n(?:(?:literal|delta) \d+\n(?:[A-Za-z][!-~]+\n)*\n?)+)", re.MULTILINE
)
# Values of these variables are no secret, and are in each path of a traceback.
_PUBLIC = ("HOME", "USER", "LOGNAME", "PWD", "SHELL", "HOSTNAME", "LANG", "TMPDIR", "VIRTUAL_ENV")

_DEFAULT = re.compile(r"(\$\{\s*oc\.env\s*:[^,{}'\"]+,)[^{}'\"]*\}")
_SOME_DEFAULT = re.compile(r"oc\.env\s*:[^,}]*,(?!\*\*\*\})")


def secrets_of(cfg: DictConfig) -> set[str]:
    """The values that a configuration takes from `oc.env`, its defaults too, to look for them in other texts."""
    found = set[str]()
    if not any("oc.env" in leaf for leaf in _leaves(OmegaConf.to_container(cfg))):
        return found
    asked = list[str]()

    def env(resolve: Callable[[], Any]) -> Any:
        value = resolve()
        asked.append("" if value is None else str(value))
        return value

    for container, key in _nodes(_watched(cfg, env)):
        asked.clear()
        with suppress(OmegaConfBaseException):
            value = container[key]
            # What `oc.decode` or a resolver of the student's made of it is as secret; a section has its own nodes.
            made = [] if OmegaConf.is_config(value) or not asked else _leaves(value)
            found.update(part for part in made if not any(each and each in part for each in asked))
        found.update(asked)
    return found - {""}


def remember_secrets(cfg: DictConfig) -> None:
    """From now on, mask the values that a configuration takes from the environment in every text."""
    LEARNED.update(secrets_of(cfg))


LEARNED: set[str] = set()


def redacted_config(cfg: DictConfig, resolve: bool = False) -> dict[str, Any]:
    """A configuration as plain dictionaries and lists, without its secrets; all keys are there.

    Unresolved, `${oc.env:NAME}` stays, for it tells where the value was and not what, and can be composed again; only
    a default in it is masked. Resolved, `***` stands for the variable: `postgres://***:***@host`.
    """
    known = secrets_of(cfg)
    if resolve:
        cfg = _watched(cfg, lambda _: MASK)
        for container, key in _nodes(cfg):
            try:
                _ = OmegaConf.is_missing(container, key) or container[key]
            except OmegaConfBaseException:  # a mask where a number must be, say
                container._content[key] = AnyNode(MASK)
    return redact_values(OmegaConf.to_container(cfg, resolve=resolve, enum_to_str=True), known)


def redacted_yaml(cfg: DictConfig) -> str:
    """A configuration as `OmegaConf.to_yaml` writes it, without its secrets."""
    from omegaconf._utils import get_omega_conf_dumper
    from yaml import dump

    options: Any = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False}
    return dump(redacted_config(cfg), Dumper=get_omega_conf_dumper(), **options)


def redact_values(data: Any, known: Collection[str] = (), key: str = "") -> Any:
    """Settings or parameters, however nested, without their secrets; what stands under a key like `password` is one."""
    if isinstance(data, dict):
        return {name: redact_values(each, known, f"{key}.{name}") for name, each in data.items()}
    if isinstance(data, list | tuple):
        return [redact_values(each, known, key) for each in data]
    if isinstance(data, str) and "oc.env" in data and "${" in data:
        data = _DEFAULT.sub(rf"\1{MASK}}}", data)
        data = MASK if _SOME_DEFAULT.search(data) else data
    if data is not None and not isinstance(data, bool) and is_key(key):
        return data if harmless(str(data)) else MASK
    return redact_text(data, known) if isinstance(data, str) and len(data) >= SHORTEST else data


def redact_overrides(command: Collection[str], known: Collection[str] = ()) -> list[str]:
    """The words of a command, `db.password=...` among them, without their secrets."""
    pairs = [word.partition("=") for word in command]
    return [
        f"{key}{sign}{redact_values(value, known, key)}" if sign else redact_text(key, known)
        for key, sign, value in pairs
    ]


def redact_text(text: str, known: Collection[str] = ()) -> str:
    """Any text, such as a diff or a traceback, without its secrets; the rest of it stays as it is.

    Args:
        known: values that are secret wherever they stand, as `secrets_of` finds them.
    """
    patterns = _known({*known, *LEARNED})
    pieces = _BINARY.split(text)  # at odd places the binary patches, whose letters mean nothing
    pieces[::2] = [
        _without(piece, [*_places(piece, patterns), *spans(piece)]) for piece in pieces[::2]
    ]
    return "".join(pieces)


def _without(text: str, found: list[Span]) -> str:
    kept, end = list[str](), 0
    for start, stop in sorted(found):
        if start >= end:
            kept += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*kept, text[end:]])


def _known(known: Collection[str]) -> list[tuple[str, re.Pattern[str]]]:
    """How to find values that are secret, in the ways that they may be written."""
    public = {os.environ.get(name) for name in _PUBLIC}
    forms = set[str]()
    for value in known:
        if value not in public and not (value.startswith("/") and os.path.exists(value)):  # noqa: PTH110
            forms |= {
                value,
                repr(value)[1:-1],
                json.dumps(value)[1:-1],
                quote(value, safe="", errors="replace"),
            }
            forms |= {line.strip() for line in value.splitlines()}
    long = {each for each in forms if len(each) >= SHORTEST and re.search(r"\w", each)}
    # A plain word or number is masked where it stands alone, not as a part of another.
    edge = {
        each: (r"(?<!\w)", r"(?!\w)") if each.isalpha() or each.isdigit() else ("", "")
        for each in long
    }
    return [
        (each, re.compile(before + re.escape(each) + after))
        for each, (before, after) in edge.items()
    ]


def _places(text: str, known: list[tuple[str, re.Pattern[str]]]) -> Iterator[Span]:
    found = [pattern for value, pattern in known if value in text]
    return (match.span() for pattern in found for match in pattern.finditer(text))


def _watched(cfg: DictConfig, env: Callable[[Callable[[], Any]], Any]) -> DictConfig:
    """A copy in which `env` answers for `oc.env`; it is given a function that asks the environment."""
    copy = deepcopy(cfg)
    inner: list[Any] = [container._content[key] for container, key in _nodes(copy)]
    for container in filter(OmegaConf.is_config, [copy, *inner]):

        def evaluate(
            inter_type: str,
            ask: Callable[..., Any] = container._evaluate_custom_resolver,
            **rest: Any,
        ) -> Any:
            def resolve() -> Any:
                return ask(inter_type=inter_type, **rest)

            return env(resolve) if inter_type == "oc.env" else resolve()

        vars(container)["_evaluate_custom_resolver"] = evaluate
    return copy


def _nodes(container: Any) -> Iterator[tuple[Any, Any]]:
    """All places below a container, as the container that they are in and the key or index there."""
    content = container._content
    for key in (
        content
        if isinstance(content, dict)
        else range(len(content))
        if isinstance(content, list)
        else ()
    ):
        yield container, key
        if OmegaConf.is_config(content[key]):
            yield from _nodes(content[key])


def _leaves(data: Any) -> list[str]:
    if isinstance(data, dict | list):
        return [
            leaf
            for each in (data.values() if isinstance(data, dict) else data)
            for leaf in _leaves(each)
        ]
    return [] if data is None else [str(data)]
