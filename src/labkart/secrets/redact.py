"""Removes secrets from records: passwords, keys, tokens, and values from the environment.

Each is replaced by `***`. What tells a secret is in `names` and `masking`. Whatever a run leaves
goes through one of two functions: `redact_text` for a text, such as a log, a traceback or a diff,
and `redact_values` for what has a name: settings, parameters, the columns of a table. What a
configuration holds beside names, interpolations, is `configuration`'s.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from labkart import project
from labkart.memo import Memo
from labkart.secrets.masking import Span, find, mask
from labkart.secrets.names import MASK, Names

_SHORTEST = 6  # characters; shorter values (1, true, a user's name) are everywhere
_MOST_TEXTS = 20  # that are remembered
_MOST_BYTES = 1_000_000  # of a file that is a text; a larger one is data
_MODULES = ("redact", "masking", "names", "places", "named_values", "sections", "tokens")
_READERS = tuple(f"secrets/{module}.py" for module in _MODULES)
_BINARY = re.compile(
    r"^(GIT binary patch\n(?:(?:literal|delta) \d+\n(?:[A-Za-z][!-~]+\n)*\n?)+)", re.MULTILINE
)
_DEFAULT = re.compile(r"\$\{\s*oc\.env\s*:\s*([^,{}'\"\s]+)\s*,([^{}'\"]*)\}")
_VARIABLE = re.compile(r"oc\.env\s*:\s*([^,{}\s]*)[^,}]*(,(?!\*\*\*\}))?")

# Values that are secret in every text of this process. A process has one environment, and texts
# come from code that knows no configuration, such as the error of a task.
_remembered = set[str]()


def remember(values: Collection[str]) -> None:
    """From now on, mask these values in every text, such as an error."""
    _remembered.update(values)


def remembered() -> frozenset[str]:
    """The values that are masked in every text."""
    return frozenset(_remembered)


def redact_values(data: Any, known: Collection[str] = (), key: str = "") -> Any:
    """What has a name, however nested, without its secrets.

    Args:
        data: dictionaries, lists and plain values.
        known: values that are secret wherever they are, as `configuration.secrets_of` returns them.
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
        is_secret = names.are_secret_variable(match[1], match[2].strip())
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
        known: values that are secret wherever they are, as `configuration.secrets_of` returns them.
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
        redacted = redact_values(data)
        if isinstance(data, dict) and data.keys() == {"columns", "data"}:
            rows = [zip(data["columns"], row, strict=True) for row in data["data"]]
            redacted["data"] = [
                [redact_values(cell, key=str(column)) for column, cell in row] for row in rows
            ]
    except (ValueError, TypeError, RecursionError):  # not JSON, not a table, or nested too deeply
        return redact_text(text)
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
