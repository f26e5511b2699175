"""How `labkart clean` says sizes."""

from pathlib import Path

from labkart.cli import clean
from labkart.cli.clean import Waste


def test_one_file_is_not_files() -> None:
    waste = [Waste(Path("a"), "1", "never finished", 500)] * 2
    assert clean._describe(waste[:1]) == "1 file, 500 bytes"
    assert clean._describe(waste) == "2 files, 1.0 kB"
