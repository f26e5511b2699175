"""The file of a record: JSON that is written whole, with a digest as the last value.

The digest tells whether something else than Labkart wrote the file. It guards against a slip of the
hand in an editor, not against somebody who makes a new digest. Knows no kind of record.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

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
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    if is_signed and hasattr(record, "edited"):
        body, _, end = content.rpartition(_START)
        record.edited |= end != _digest(body + _BRACE) + _END
    return record


def from_json(kind: type[R], items: Iterable[Any]) -> list[R]:
    """The items as dataclasses, which JSON has as dictionaries."""
    return [item if isinstance(item, kind) else kind(**item) for item in items]


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:16].encode()
