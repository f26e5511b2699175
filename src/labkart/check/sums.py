"""Lists of files with their digests, as `sha256sum` writes them: read, written, compared. Knows no folder."""

import os
import re
from collections.abc import Iterator, Mapping

_LINE = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def read(content: bytes) -> tuple[dict[str, str], list[int]]:
    """The digest of each path, and the numbers of the lines that cannot be understood."""
    found, wrong = dict[str, str](), list[int]()
    for number, line in enumerate(os.fsdecode(content).replace("\r\n", "\n").split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match:
            found[_unescaped(match[3]) if match[1] else match[3]] = match[2]
        elif line:
            wrong.append(number)
    return found, wrong


def write(digests: Mapping[str, str]) -> bytes:
    """The list of these files, sorted by their paths."""
    return os.fsencode("".join(f"{_line(path, digests[path])}\n" for path in sorted(digests)))


def _line(path: str, sha256: str) -> str:
    escaped = "".join(_ESCAPES.get(sign, sign) for sign in path)
    return f"{chr(92) if escaped != path else ''}{sha256}  {escaped}"


def _unescaped(path: str) -> str:
    return re.sub(r"\\([\\nr])", lambda match: {"\\": "\\", "n": "\n", "r": "\r"}[match[1]], path)


def differences(locked: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The paths that differ, each with `new`, `missing` or `changed`."""
    for path in sorted({*locked, *now}):
        if path not in locked:
            yield path, "new"
        elif path not in now:
            yield path, "missing"
        elif now[path] != locked[path]:
            yield path, "changed"
