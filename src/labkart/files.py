"""Files that are written whole or not at all, and that read as empty if missing or damaged."""

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
