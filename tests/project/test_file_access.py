"""Reads of a process that has imported its readers before Labkart."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.tiny import python, write

FIRST = """\
from pyarrow import OSFile, csv
from pyarrow.csv import read_csv
from pyarrow.parquet import ParquetFile, read_table
import labkart

class Reads(labkart.Task):
    def run(self):
        self.dump([read_csv("data/raw/other.csv"), ParquetFile("data/raw/other.parquet"), OSFile("data/raw/other.npy")][:0])

Reads().run()
print(*[state.path for state in Reads().last_record().undeclared])
"""


@pytest.fixture
def others(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of each format, none of which is declared."""
    monkeypatch.delenv("CI", raising=False)
    write(root, **{"data/raw/other.csv": "x\n1\n2\n"})
    pd.DataFrame({"x": [1, 2]}).to_parquet(root / "data/raw/other.parquet")
    np.save(root / "data/raw/other.npy", np.arange(2))
    return root


def test_readers_that_were_imported_before_labkart_tell_as_well(others: Path) -> None:
    names = [f"data/raw/other.{suffix}" for suffix in ("csv", "parquet", "npy")]
    assert python(FIRST, others).split() == names  # typed at a prompt
    write(others, **{"src/study/__init__.py": FIRST})
    assert python("import study", others).split() == names
