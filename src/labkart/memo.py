"""Values that one command leaves for the next one, which is faster with them and right without."""

import hashlib
import marshal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labkart import digests
from labkart.files import remember

_SEAL = 32  # bytes of a sha256


class Memo:
    """A file of plain values, all of them from the same code.

    Args:
        path: the file.
        readers: the files of this package that make the values. Values that other versions of them
            made, or another Python, do not count.
    """

    def __init__(self, path: Path, readers: Sequence[str]) -> None:
        self._path = path
        stamps = [digests.stamp(Path(__file__).parent / name) for name in readers]
        self._readers = repr([sys.version_info[:2], *stamps]).encode()

    def load(self) -> dict[Any, Any]:
        """The values; empty if the file is missing or damaged, or if other code made it."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return {}
        seal, values = content[:_SEAL], content[_SEAL:]
        # marshal may crash on bytes that it did not write, so the seal is checked first.
        return marshal.loads(values) if seal == self._seal(values) else {}

    def keep(self, values: dict[Any, Any]) -> None:
        """Write the values in place of the previous ones."""
        content = marshal.dumps(values)
        remember(self._path, self._seal(content) + content)

    def _seal(self, content: bytes) -> bytes:
        return hashlib.sha256(self._readers + content).digest()
