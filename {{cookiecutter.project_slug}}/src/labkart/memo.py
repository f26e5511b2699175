"""What files of code say, remembered from process to process while the files are the same."""

import hashlib
import marshal
import sys
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from . import digest, project, source
from .digest import Stamp
from .files import write_atomically
from .source import Definition, Source

# Of a file: the stamp that it had, the digest of its content, and what it says.
_Known = tuple[Stamp, str, tuple[list[Any], dict[str, list[str]], list[str]]]


class Sources:
    """The files of code that somebody asked for; those that are as they were are not opened."""

    def __init__(self) -> None:
        self._memo = project.current().outputs / "memos" / "sources"
        self._before = _load(self._memo)
        self._now: dict[tuple[str, str, bool], _Known] = {}

    def read(self, name: str, file: str, is_package: bool) -> tuple[Source | None, str, Stamp | None]:
        """What a module's file says, if it is Python that can be read, the sha256 of its content, and its stamp.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        now, key = digest.stamp(file), (name, file, is_package)
        known = self._before.get(key)
        if not known or known[0] != now:
            settled = now and digest.settled(now)
            text = Path(file).read_bytes()
            before, now = now, digest.stamp(file)
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
            said = marshal.dumps(self._now)
            write_atomically(self._memo, _seal(said) + said)
            self._before = {**self._before, **self._now}


def _said(text: bytes, name: str, file: str, is_package: bool) -> Any:
    """What Python code says, as plain values; nothing where it is no Python that can be read."""
    try:
        read = source.read(text, name, is_package) if file.endswith(".py") else None
    except (SyntaxError, ValueError, RecursionError):
        return None
    return read and ([*map(_values, read.definitions)], read.imports, read.unused)


def _load(memo: Path) -> dict[tuple[str, str, bool], _Known]:
    """What was remembered; nothing where it is damaged, or was said by other readers or to another Python."""
    try:
        remembered = memo.read_bytes()
    except OSError:
        return {}
    seal, said = remembered[:32], remembered[32:]
    return marshal.loads(said) if seal == _seal(said) else {}


def _seal(said: bytes) -> bytes:
    return hashlib.sha256(_READERS + said).digest()


_values = attrgetter(*(each.name for each in fields(Definition)))

_HERE = [Path(__file__).with_name(f"{name}.py") for name in ("memo", "source", "syntax")]
_READERS = repr([sys.version_info[:2], *map(digest.stamp, _HERE)]).encode()
