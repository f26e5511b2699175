"""Git LFS: git keeps a pointer of a large file, and its content is kept elsewhere."""

from itertools import islice
from pathlib import Path

from labkart.language import bilingual

# With these variables git leaves pointers in a checkout, and asks no server.
POINTERS_ONLY = {"GIT_LFS_SKIP_SMUDGE": "1"}
_FIRST_LINE = b"version https://git-lfs.github.com/spec/v1\n"
_LONGEST = 1024  # bytes, as the specification says
_MOST = 50  # files of a folder, of which usually all are pointers or none


def describe_pointer(path: Path, name: str) -> str:
    """A sentence if a file, or one of a folder, is a pointer in place of its content; else empty.

    Raises:
        OSError: it cannot be read.
    """
    files = islice(path.rglob("*"), _MOST) if path.is_dir() else (path,)
    if not any(map(_is_pointer, files)):
        return ""
    return bilingual(
        "{path} has a pointer of Git LFS in place of the data. Get the data: git lfs pull.",
        path=name,
    )


def _is_pointer(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size > _LONGEST:
        return False
    with path.open("rb") as file:
        return file.readline(len(_FIRST_LINE)) == _FIRST_LINE
