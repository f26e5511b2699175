"""Which files are installed ones, and which of a package were edited since it was installed.

Files are compared by size and time; only those that differ are read. Bytecode does not count.
"""

import binascii
import hashlib
import os
import re
from base64 import urlsafe_b64decode
from functools import cache
from pathlib import Path

from labkart import file_states, trace
from labkart.digests import file_digests
from labkart.files import read_text

# A line of the list with the name of a file beside it, its digest in base 64 and its size.
_FILE = re.compile(r"(?m)^((?!\.\./|/)[^\",\n]+),sha256=([\w-]+)=*,(\d+)\r?$")

# Where Python's own code is, and Labkart's, which counts as installed wherever it is.
_FOLDERS = (f"{Path(os.__file__).parent}/", f"{Path(__file__).parent}/")


def is_installed(path: str) -> bool:
    """Whether a file belongs to Python or to an installed package, whose version counts."""
    return path.startswith(_FOLDERS) or "/site-packages/" in path or "/dist-packages/" in path


def edits(record: str) -> str:
    """A digest of the files that differ from what was installed; empty if none does.

    Args:
        record: the path of the package's RECORD file.
    """
    trace.rely_on_package(record)
    return _edits(record)


def state(record: str) -> str:
    """A digest that changes when a file of the package is edited."""
    folder = Path(record).parents[1]
    paths = [record, *(f"{folder}/{name}" for name, *_ in _files(record))]
    return file_states.digest([str(file_states.installed_stamp(path)) for path in paths])


@cache
def _edits(record: str) -> str:
    folder = Path(record).parents[1]
    try:
        installed = os.stat(record).st_mtime_ns  # noqa: PTH116 (as below)
    except OSError:
        return ""
    gone, suspects = list[str](), dict[str, str]()
    for name, sha256, size in _files(record):
        try:
            status = os.stat(f"{folder}/{name}")  # noqa: PTH116 (thousands, faster with a text)
        except OSError:
            gone.append(name)
            continue
        if str(status.st_size) != size or status.st_mtime_ns > installed:
            suspects[name] = sha256
    # One that was only copied or touched has the content that was installed.
    paths = [(name, folder / name) for name in suspects]
    digests = file_digests(Path(record), paths) if paths else {}
    lines = gone + [
        f"{name} {sha256}"
        for name, sha256 in digests.items()
        if sha256 != _hexadecimal(suspects[name])
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12] if lines else ""


@cache
def _files(record: str) -> list[tuple[str, str, str]]:
    """Name, sha256 and size of each file, but for scripts and for what the installer notes."""
    files = _FILE.findall(read_text(Path(record)))
    return [file for file in files if ".dist-info/" not in file[0]]


def _hexadecimal(digest: str) -> str:
    try:
        return urlsafe_b64decode(f"{digest}==").hex()
    except binascii.Error:
        return digest
