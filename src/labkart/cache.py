"""What one command leaves for the next, to be quick: all of it, from the same readers, or nothing."""

import hashlib
import marshal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labkart import digests
from labkart.files import write_atomically


class Cache:
    """A file of plain values, whose loss costs time and nothing else.

    Args:
        path: the file.
        readers: the files of this package that make the values; those of other code, or of another Python, are not taken.
    """

    def __init__(self, path: Path, readers: Sequence[str]) -> None:
        self._path = path
        modules = [digests.stamp(Path(__file__).parent / name) for name in readers]
        self._readers = repr([sys.version_info[:2], *modules]).encode()

    def load(self) -> dict[Any, Any]:
        """The values; nothing where the file is not there, or is damaged, or others made it."""
        try:
            remembered = self._path.read_bytes()
        except OSError:
            return {}
        seal, said = remembered[:32], remembered[32:]
        return marshal.loads(said) if seal == self._seal(said) else {}

    def keep(self, values: dict[Any, Any]) -> None:
        """Write them in place of what was there."""
        said = marshal.dumps(values)
        write_atomically(self._path, self._seal(said) + said)

    def _seal(self, said: bytes) -> bytes:
        return hashlib.sha256(self._readers + said).digest()
