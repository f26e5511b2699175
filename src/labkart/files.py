"""Files that are written whole or not at all, and read without a word when they are damaged or not there."""

import json
import os
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


def read_json(path: Path) -> Any:
    """What a JSON file says; nothing where there is none or it cannot be understood."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def read_text(path: Path) -> str:
    """A text file; empty where there is none. Its ends of lines stay, bytes that are no UTF-8 become surrogates."""
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except OSError:
        return ""
