"""Texts that many experiments share, such as `uv.lock`: each is stored once, under its digest.

Knows records only as files that name digests.
"""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from labkart import project
from labkart.files import write_atomically

_DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")


def text_file(digest: str) -> Path:
    """Where the text of a digest is."""
    return project.current().outputs / "records" / "texts" / f"{digest}.txt"


def store_text(text: str) -> str:
    """Store a text, unless it is there already, and return its digest."""
    content = text.encode(errors="surrogateescape")
    digest = hashlib.sha256(content).hexdigest()
    file = text_file(digest)
    with suppress(FileNotFoundError):
        os.utime(file)  # `labkart clean` spares what a record may be about to name
    if _content(file) != content:
        write_atomically(file, content)
    return digest


def stored_text(digest: str) -> str:
    """The text of a digest; empty if it is missing or damaged."""
    content = _content(text_file(digest))
    if hashlib.sha256(content).hexdigest() != digest:
        return ""
    return content.decode(errors="surrogateescape")


def unnamed_texts() -> list[Path]:
    """The files of the texts that no experiment's record names, even a damaged one."""
    records = project.current().outputs / "records"
    named = set[str]()
    for file in records.glob("experiments/*/record.json"):
        named |= {digest.decode() for digest in _DIGEST.findall(_content(file))}
    return [file for file in text_file("*").parent.glob("*.txt") if file.stem not in named]


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
