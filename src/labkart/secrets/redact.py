"""Removes secrets from records: passwords, keys, tokens, and values from the environment.

Each is replaced by `***`. What tells a secret is in `names` and `masking`. Whatever a run leaves
goes through one of two functions: `redact_text` for a text, such as a log, a traceback or a diff,
and `redact_values` for what has a name: settings, parameters, the columns of a table.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote

from omegaconf import AnyNode, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart import _compat, project
from labkart.memo import Memo
from labkart.nested import flatten
from labkart.secrets.masking import Span, find, mask
from labkart.secrets.names import MASK, Names

_SHORTEST = 6  # characters; shorter values (1, true, a user's name) are everywhere
_MOST_TEXTS = 20  # that are remembered
_MOST_BYTES = 1_000_000  # of a file that is a text; a larger one is data
_READERS = tuple(
    f"secrets/{module}.py" for module in ("redact", "masking", "names", "named_values", "tokens")
)
_BINARY = re.compile(
    r"^(GIT binary patch\n(?:(?:literal|delta) \d+\n(?:[A-Za-z][!-~]+\n)*\n?)+)", re.MULTILINE
)
_DEFAULT = re.compile(r"\$\{\s*oc\.env\s*:\s*([^,{}'\"\s]+)\s*,([^{}'\"]*)\}")
_VARIABLE = re.compile(r"oc\.env\s*:\s*([^,{}\s]*)[^,}]*(,(?!\*\*\*\}))?")

# Short words are in every text: as a secret, one is masked only in its own place.
_WORD = re.compile(r"[a-z]{1,8}|\d{1,5}")

# Values that are secret in every text of this process. A process has one environment, and texts
# come from code that knows no configuration, such as the error of a task.
_remembered = set[str]()


def secrets_of(cfg: DictConfig) -> set[str]:
    """The secrets in a configuration, by their names or because they are from `oc.env`."""
    container, names = OmegaConf.to_container(cfg), Names.current()
    values = {leaf for leaf in _named(container, names) if not _WORD.fullmatch(leaf)}
    if any("oc.env" in leaf for leaf in _leaves(container)):
        values |= _from_variables(cfg, names)
    return values - {""}


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


def remember(values: Collection[str]) -> None:
    """From now on, mask these values in every text, such as an error."""
    _remembered.update(values)


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


def redact_values(data: Any, known: Collection[str] = (), key: str = "") -> Any:
    """What has a name, however nested, without its secrets.

    Args:
        data: dictionaries, lists and plain values.
        known: values that are secret wherever they are, as `secrets_of` returns them.
        key: the name of the data, such as `db.password`; empty if it is a dictionary of names.
    """
    return _redact(data, known, key, Names.current())


def _redact(data: Any, known: Collection[str], key: str, names: Names) -> Any:
    if isinstance(data, dict):
        return {
            name: _redact(child, known, f"{key}.{name}" if key else str(name), names)
            for name, child in data.items()
        }
    if isinstance(data, list | tuple):
        return [_redact(child, known, key, names) for child in data]
    if data is None or isinstance(data, bool | float) or names.allows(key):
        return data
    if isinstance(data, str) and "oc.env" in data and "${" in data:
        data = _without_defaults(data, names)
    if names.are_secret(key, data):
        return MASK
    return redact_text(data, known) if isinstance(data, str) and len(data) >= _SHORTEST else data


def _without_defaults(text: str, names: Names) -> str:
    """A text with interpolations, without the defaults of secret variables."""

    def masked(match: re.Match[str]) -> str:
        is_secret = _is_secret(names, [match[1]], match[2].strip())
        return f"${{oc.env:{match[1]},{MASK}}}" if is_secret else match.group()

    text = _DEFAULT.sub(masked, text)
    nested = _DEFAULT.sub("", text)
    return MASK if any(match[2] for match in _VARIABLE.finditer(nested)) else text


def redact_overrides(overrides: Collection[str], known: Collection[str] = ()) -> list[str]:
    """The arguments of a command, such as `db.password=...`, without their secrets."""
    redacted = list[str]()
    for override in overrides:
        key, sign, value = override.partition("=")
        name = key.lstrip("+~")
        text = f"{key}={redact_values(value, known, name)}" if sign else redact_text(key, known)
        redacted.append(text)
    return redacted


def redact_text(text: str, known: Collection[str] = ()) -> str:
    """Any text, such as a log or a diff, without its secrets; the rest stays as it is.

    A text that comes in parts is cut at the end of a line, and not within a private key.

    Args:
        text: whole lines.
        known: values that are secret wherever they are, as `secrets_of` returns them.
    """
    forms = _forms({*known, *_remembered})
    # Every second piece is a binary patch, whose letters mean nothing.
    pieces = _BINARY.split(text)
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        pieces[index] = mask(piece, [*_spans_of(forms, piece), *find(piece)])
    return "".join(pieces)


def redact_table(table: Any) -> Any:
    """A data frame without the secrets in its cells; columns have names as settings do."""
    redacted, names = table.copy(deep=False), Names.current()
    for index, (column, cells) in enumerate(table.items()):
        text = "\n".join(map(str, cells))
        if names.level(str(column)) or redact_text(text) != text:
            redacted.isetitem(index, [_redact(cell, (), str(column), names) for cell in cells])
    return redacted


def redact_json(text: str) -> str:
    """JSON without its secrets, by the names in it; also a table that MLflow wrote."""
    try:
        data = json.loads(text)
    except ValueError:
        return redact_text(text)
    redacted = redact_values(data)
    if isinstance(data, dict) and data.keys() == {"columns", "data"}:
        rows = [dict(zip(data["columns"], row, strict=True)) for row in data["data"]]
        cells = [list(row.values()) for row in redact_values(rows)]
        redacted = {"columns": data["columns"], "data": cells}
    return text if redacted == data else json.dumps(redacted, ensure_ascii=False)


def redact_file(path: Path) -> None:
    """Take the secrets out of a file, whatever its name; one that is large, or no text, is data."""
    if path.stat().st_size > _MOST_BYTES:
        return
    with suppress(UnicodeDecodeError):
        text = path.read_bytes().decode()
        redacted = redact_json if path.suffix == ".json" else redact_text
        if (masked := redacted(text)) != text:
            path.write_bytes(masked.encode(errors="backslashreplace"))


def redact_lasting(text: str) -> str:
    """A text that stays the same for many runs, such as `uv.lock`: it is looked at once."""
    if not text:
        return ""
    memo = Memo(project.current().outputs / "memos" / "redacted", _READERS)
    parts = [text, repr(Names.current())]
    key = hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()
    texts = memo.load()
    if key not in texts:
        redacted = mask(text, find(text))
        # Nearly always there is nothing to mask.
        texts = dict(list(texts.items())[1 - _MOST_TEXTS :])
        texts[key] = None if redacted == text else redacted
        memo.keep(texts)
    redacted = text if texts[key] is None else texts[key]
    return mask(redacted, _spans_of(_forms(_remembered), redacted))


def _is_secret(names: Names, arguments: Any, value: object) -> bool:
    """Whether `oc.env` with these arguments gives a secret."""
    return value is not None and names.are_secret_variable(str(arguments[0]), str(value))


def _forms(values: Collection[str]) -> list[str]:
    """All forms in which secret values may be written."""
    forms = set[str]()
    for value in values:
        forms |= {value, repr(value)[1:-1], json.dumps(value)[1:-1]}
        forms.add(quote(value, safe="", errors="replace"))
        forms |= {line.strip() for line in value.splitlines()}
    return [form for form in forms if len(form) >= _SHORTEST and re.search(r"\w", form)]


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
