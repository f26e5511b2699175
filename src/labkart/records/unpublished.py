"""Which records MLflow may not have yet: an empty file for each one.

Whoever writes a record adds its file, and whoever publishes the record removes it. So nothing that
ran is forgotten when a process is killed. Knows no MLflow.
"""

from contextlib import suppress
from pathlib import Path

from labkart import project
from labkart.files import read_text, write_atomically

EXPERIMENTS, STUDIES = "experiments", "studies"


def add(folder: Path) -> None:
    """Note that the record in a folder has changed."""
    file = _file(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def remove(folder: Path) -> None:
    """Note that the record in a folder is published."""
    _file(folder).unlink(missing_ok=True)


def times(kind: str) -> dict[str, int]:
    """The names of the records of a kind, and when each has changed, in nanoseconds; oldest first.

    Args:
        kind: `EXPERIMENTS`, whose names are their ids, or `STUDIES`.
    """
    changes = list[tuple[int, str]]()
    with suppress(FileNotFoundError):
        for file in (_folder() / kind).iterdir():
            with suppress(FileNotFoundError):  # another process has just published it
                changes.append((file.stat().st_mtime_ns, file.name))
    return {name: time for time, name in sorted(changes)}


def store() -> str:
    """The store that has everything but these records, by its key; empty if there is none."""
    return read_text(_folder() / "store")


def keep_store(key: str) -> None:
    """Remember which store has everything but these records."""
    write_atomically(_folder() / "store", key.encode(errors="surrogateescape"))


def _file(folder: Path) -> Path:
    return _folder() / folder.parent.name / folder.name


def _folder() -> Path:
    return project.current().outputs / "unpublished"
