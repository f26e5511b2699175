"""The tables of reports that were made beside these records, by the digests of their provenance.

On another machine, such as CI's, no experiment of a table is lost: none ever was there.
"""

from contextlib import suppress
from pathlib import Path

from labkart import project


def note_table(digest: str) -> None:
    """Note that a table was made here."""
    with suppress(OSError):  # where nothing can be written, nothing will be missed
        _file(digest).parent.mkdir(parents=True, exist_ok=True)
        _file(digest).touch()


def was_made_here(digest: str) -> bool:
    """Whether a table was made here."""
    return _file(digest).exists()


def _file(digest: str) -> Path:
    return project.current().outputs / "records" / "tables" / digest
