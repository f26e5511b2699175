"""What is installed: which files, and which of a package were edited since it was installed.

Files are compared by size and time; only those that differ are read. Bytecode does not count.
"""

import binascii
import hashlib
import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from labkart import file_states, trace
from labkart.digests import file_digests
from labkart.files import read_json, read_text

# A line of the list with the name of a file beside it, its digest in base 64 and its size.
_FILE = re.compile(r"(?m)^((?!\.\./|/)[^\",\n]+),sha256=([\w-]+)=*,(\d+)\r?$")

# Where Python's own code is, and Labkart's, which counts as installed wherever it is.
_FOLDERS = (f"{Path(os.__file__).parent}/", f"{Path(__file__).parent}/")


def is_installed(path: str) -> bool:
    """Whether a file belongs to Python or to an installed package, whose version counts."""
    return path.startswith(_FOLDERS) or "/site-packages/" in path or "/dist-packages/" in path


@dataclass(frozen=True)
class Metadata:
    """The metadata of a package.

    Attributes:
        state: changes when the package is upgraded.
        editable: the folder of a package that is installed in place; empty for all others.
    """

    state: str
    editable: str


def metadata(folder: str) -> Iterator[Metadata]:
    """The metadata of all packages in a folder; none if it does not exist."""
    for name in file_states.names(folder) or ():
        if name.endswith("-info"):
            path = f"{folder}/{name}"
            text = "METADATA" if name.endswith(".dist-info") else "PKG-INFO"
            files = ("", text, "direct_url.json")
            states = [file_states.installed_stamp(f"{path}/{file}") for file in files]
            yield Metadata(f"{path} {states}", _editable(path) if states[-1] else "")


def modules(folder: str) -> Iterator[str]:
    """The state of all else in a folder with packages; the content of its folders does not count.

    That counts where a task uses it.
    """
    for name in file_states.names(folder) or ():
        path = f"{folder}/{name}"
        if not name.endswith("-info"):
            yield f"{path} {file_states.installed_stamp(path)}" if "." in name else path


def _editable(folder: str) -> str:
    """The folder of a package that is installed in place, by its metadata; empty if it is not."""
    origin = read_json(Path(folder, "direct_url.json"))
    is_editable = isinstance(origin, dict) and (origin.get("dir_info") or {}).get("editable")
    return unquote(origin["url"].removeprefix("file://")) if is_editable else ""


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
