"""How `labkart clean` says sizes."""

from pathlib import Path

import pytest

from labkart.cli import clean
from labkart.cli.clean import Waste


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (2_500_000, "2.5 MB"),
        (7_200_000_000_000, "7200.0 GB"),
    ],
)
def test_a_size_has_a_unit(count: int, text: str) -> None:
    assert clean._format_bytes(count) == text


def test_one_file_is_not_files() -> None:
    waste = [Waste(Path("a"), "1", "never finished", 500)] * 2
    assert clean._describe(waste[:1]) == "1 file, 500 bytes"
    assert clean._describe(waste) == "2 files, 1.0 KB"
