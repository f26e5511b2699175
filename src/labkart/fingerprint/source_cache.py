"""What was read of files of code, remembered from process to process while they are the same.

Knows no modules but the files that somebody asks for.
"""

import hashlib
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from labkart import digests, project
from labkart.digests import Stamp
from labkart.fingerprint import source
from labkart.fingerprint.source import Definition, Source
from labkart.memo import Memo

# A file as it is kept: the stamp that it had, the digest of its content, and its source as plain
# values: definitions, imports, unused imports.
_Kept = tuple[Stamp, str, tuple[list[Any], dict[str, list[str]], list[str]]]


class ReadFile(NamedTuple):
    """A file of code.

    Attributes:
        source: what is in it; None if it is not Python that can be read.
        sha256: the digest of its content.
        stamp: its stamp of the moment when it was read.
    """

    source: Source | None
    sha256: str
    stamp: Stamp | None


class SourceCache:
    """The files of code that somebody asked for. Those that did not change are not opened."""

    def __init__(self) -> None:
        self._cache = Memo(
            project.current().outputs / "memos" / "sources",
            ("fingerprint/source_cache.py", "fingerprint/source.py", "fingerprint/syntax.py"),
        )
        self._previous: dict[tuple[str, str, bool], _Kept] = self._cache.load()
        self._current: dict[tuple[str, str, bool], _Kept] = {}

    def read(self, name: str, file: str, is_package: bool) -> ReadFile:
        """Read a module's file.

        Args:
            name: the module's full name.
            file: its file.
            is_package: whether it is a package's `__init__.py`.

        Raises:
            OSError: the file does not exist, or it cannot be read.
        """
        stamp, key = digests.stamp(file), (name, file, is_package)
        kept = self._previous.get(key)
        if not kept or kept[0] != stamp:
            settled = stamp and digests.settled(stamp)
            text = Path(file).read_bytes()
            before, stamp = stamp, digests.stamp(file)
            sha256 = hashlib.sha256(text).hexdigest()
            if kept and kept[1] == sha256:
                values = kept[2]
            else:
                values = _values(text, name, file, is_package)
            if values is None:
                return ReadFile(None, sha256, stamp)
            kept = (stamp if stamp and settled and stamp == before else [], sha256, values)
        self._current[key] = kept
        _, sha256, (definitions, imports, unused) = kept
        read = Source([Definition(*values) for values in definitions], imports, unused)
        return ReadFile(read, sha256, stamp)

    def keep(self) -> None:
        """Remember what was read for the next process."""
        if not self._current.items() <= self._previous.items():
            self._cache.keep(self._current)
            self._previous = {**self._previous, **self._current}


def _values(text: bytes, name: str, file: str, is_package: bool) -> Any:
    """The source of Python code as plain values; None if it cannot be read."""
    try:
        read = source.read(text, name, is_package) if file.endswith(".py") else None
    except (SyntaxError, ValueError, RecursionError):
        return None
    return read and ([*map(_fields, read.definitions)], read.imports, read.unused)


_fields = attrgetter(*(field.name for field in fields(Definition)))
