"""Texts that many experiments share, such as `uv.lock`: each is stored once, under its digest.

Knows records only as files that name digests.
"""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from labkart import project
from labkart.files import read_text, write_atomically

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def text_file(digest: str) -> Path:
    """Where the text of a digest is."""
    return project.current().outputs / "records" / "texts" / f"{digest}.txt"


def text_digest(text: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def store_text(text: str) -> str:
    """Store a text, unless it is there already, and return its digest."""
    digest = text_digest(text)
    file = text_file(digest)
    with suppress(FileNotFoundError):
        os.utime(file)  # `labkart clean` spares what a record may be about to name
    if read_text(file) != text:
        write_atomically(file, text.encode(errors="surrogateescape"))
    return digest


def stored_text(digest: str) -> str:
    """The text of a digest; empty if it is missing or damaged."""
    text = read_text(text_file(digest))
    return text if text_digest(text) == digest else ""


def unnamed_texts() -> list[Path]:
    """The files of the texts that no experiment's record names, even a damaged one."""
    records = project.current().outputs / "records"
    named = set[str]()
    for file in records.glob("experiments/*/record.json"):
        named.update(_DIGEST.findall(read_text(file)))
    return [file for file in text_file("*").parent.glob("*.txt") if file.stem not in named]
