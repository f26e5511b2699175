"""How `labkart clean` gives sizes, and asks before it removes anything."""

import io
from pathlib import Path

import pytest

from labkart.cli import clean
from labkart.cli.clean import Waste
from tests.support.tiny import write


def test_one_file_is_not_files() -> None:
    waste = [Waste(Path("a"), "1", "never finished", 500)] * 2
    assert clean._describe(waste[:1]) == "1 file, 500 bytes"
    assert clean._describe(waste) == "2 files, 1.0 kB"


@pytest.mark.parametrize(("answer", "is_removed"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_file_is_removed_only_if_the_person_agrees(
    answer: str, is_removed: bool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / "outputs" / "half.pkl"
    write(root, **{"outputs/half.pkl": "half"})
    monkeypatch.setattr(clean, "find_waste", lambda: [Waste(file, "0" * 32, "never finished", 4)])
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert clean.main([]) == 0
    assert file.exists() is not is_removed
