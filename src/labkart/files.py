"""Files that are written whole or not at all, and that read as empty if missing or damaged."""

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remember(path: Path, content: bytes) -> None:
    """Write a file that only saves time: where that is not possible, nothing happens."""
    with suppress(OSError):  # the disk is full or read-only, or a file is in a folder's place
        write_atomically(path, content)


def encode_json(value: Any, indent: int | None = 1) -> bytes:
    """A structure of plain values and dataclasses as strictly valid JSON.

    Numbers that JSON does not have become the texts "NaN", "Infinity" and "-Infinity", which
    `float()` reads.
    """
    try:
        text = json.dumps(value, default=vars, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        plain = json.loads(json.dumps(value, default=vars))
        text = json.dumps(_without_constants(plain), ensure_ascii=False, indent=indent)
    # Surrogates become `\udc80`, as JSON itself writes them.
    return f"{text}\n".encode(errors="backslashreplace")


def _without_constants(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_constants(item) for key, item in node.items()}
    if isinstance(node, list):
        return [_without_constants(item) for item in node]
    is_constant = isinstance(node, float) and not math.isfinite(node)
    return json.dumps(node) if is_constant else node


def read_json(path: Path) -> Any:
    """The content of a JSON file; None if it is missing or damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def read_text(path: Path) -> str:
    """The content of a text file; empty if it is missing.

    Ends of lines stay as they are; bytes that are not UTF-8 become surrogates.
    """
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except OSError:
        return ""
