"""The file of a record: JSON that is written whole, with a digest as the last value.

The digest tells whether something else than Labkart wrote the file. It guards against a slip of the
hand in an editor, not against somebody who makes a new digest. Knows no kind of record.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from labkart.files import encode_json, write_atomically

R = TypeVar("R")

NAME = "record.json"
_START, _END = b',\n "digest": "', b'"\n}\n'
_BRACE = b"\n}\n"  # ends a record as `encode_json` writes it


def write_record(folder: Path, record: object) -> None:
    """Write a record into its folder, in place of an earlier one."""
    content = encode_json(record)
    signed = content.removesuffix(_BRACE) + _START + _digest(content) + _END
    write_atomically(folder / NAME, signed)


def read_record(folder: Path, kind: type[R]) -> R | None:
    """The record in any folder; None if it is missing or damaged.

    If the kind has an attribute `edited`, that is true once the file does not fit its digest.
    Without a digest nobody knows: then the values are as they are.
    """
    try:
        content = (folder / NAME).read_bytes()
        values = json.loads(content)
        is_signed = values.pop("digest", None) is not None
        record: Any = kind(**values)
    except (AttributeError, LookupError, OSError, TypeError, ValueError):
        return None
    body, _, end = content.rpartition(_START)
    if end == _digest(body + _BRACE) + _END:
        return record
    if not fits(record, kind):
        return None
    if is_signed and hasattr(record, "edited"):
        record.edited = True
    return record


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a type hint says; somebody else than Labkart may have written it."""
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return True
    if kind is UnionType:
        return any(fits(value, part) for part in parts)
    if kind is float:
        kind = int | float
    if not isinstance(value, kind):
        return False
    if is_dataclass(kind):
        return all(fits(getattr(value, name), it) for name, it in get_type_hints(kind).items())
    if parts and isinstance(value, dict):
        return all(fits(item, parts[1]) for item in value.values())
    return not (parts and isinstance(value, list)) or all(fits(item, parts[0]) for item in value)


def from_json(kind: type[R], items: Iterable[Any]) -> list[R]:
    """The items as dataclasses, which JSON has as dictionaries."""
    return [item if isinstance(item, kind) else kind(**item) for item in items]


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:16].encode()
