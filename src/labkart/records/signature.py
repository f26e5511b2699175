"""The digest in a record's file, which tells whether something else than Labkart wrote it.

It guards against a slip of the hand in an editor, not against somebody who makes a new digest.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from labkart.files import encode_json, write_atomically

_START, _END = b',\n "digest": "', b'"\n}\n'
_BRACE = b"\n}\n"  # ends a record as `encode_json` writes it


def write(file: Path, record: object) -> None:
    """Write a record with its digest as the last value."""
    content = encode_json(record)
    write_atomically(file, content.removesuffix(_BRACE) + _START + _digest(content) + _END)


def read(file: Path) -> Any:
    """The values in a record's file without its digest; `edited` is true if that does not fit.

    Without a digest nobody knows: then the values are as they are.

    Raises:
        OSError: the file cannot be read.
        TypeError: it contains no record.
        ValueError: it is no JSON.
    """
    content = file.read_bytes()
    values = json.loads(content)
    if values.pop("digest", None) is not None:
        body, _, end = content.rpartition(_START)
        if end != _digest(body + _BRACE) + _END:
            values["edited"] = True
    return values


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:16].encode()
