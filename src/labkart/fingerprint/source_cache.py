"""What files of code say, remembered from process to process while the files are the same."""

import hashlib
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from labkart import digests, project
from labkart.cache import Cache
from labkart.digests import Stamp
from labkart.fingerprint import source
from labkart.fingerprint.source import Definition, Source

# Of a file: the stamp that it had, the digest of its content, and what it says.
_Known = tuple[Stamp, str, tuple[list[Any], dict[str, list[str]], list[str]]]


class SourceCache:
    """The files of code that somebody asked for; those that are as they were are not opened."""

    def __init__(self) -> None:
        self._memo = Cache(
            project.current().outputs / "memos" / "sources",
            ("fingerprint/source_cache.py", "fingerprint/source.py", "fingerprint/syntax.py"),
        )
        self._before: dict[tuple[str, str, bool], _Known] = self._memo.load()
        self._now: dict[tuple[str, str, bool], _Known] = {}

    def read(
        self, name: str, file: str, is_package: bool
    ) -> tuple[Source | None, str, Stamp | None]:
        """What a module's file says, if it is Python that can be read, the sha256 of its content, and its stamp.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        now, key = digests.stamp(file), (name, file, is_package)
        known = self._before.get(key)
        if not known or known[0] != now:
            settled = now and digests.settled(now)
            text = Path(file).read_bytes()
            before, now = now, digests.stamp(file)
            sha256 = hashlib.sha256(text).hexdigest()
            said = known[2] if known and known[1] == sha256 else _said(text, name, file, is_package)
            if said is None:
                return None, sha256, now
            known = (now if now and settled and now == before else [], sha256, said)
        self._now[key] = known
        _, sha256, (definitions, imports, unused) = known
        return Source([Definition(*each) for each in definitions], imports, unused), sha256, now

    def keep(self) -> None:
        """Remember what was read for the next process."""
        if not self._now.items() <= self._before.items():
            self._memo.keep(self._now)
            self._before = {**self._before, **self._now}


def _said(text: bytes, name: str, file: str, is_package: bool) -> Any:
    """What Python code says, as plain values; nothing where it is no Python that can be read."""
    try:
        read = source.read(text, name, is_package) if file.endswith(".py") else None
    except (SyntaxError, ValueError, RecursionError):
        return None
    return read and ([*map(_values, read.definitions)], read.imports, read.unused)


_values = attrgetter(*(each.name for each in fields(Definition)))
