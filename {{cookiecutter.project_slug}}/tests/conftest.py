"""What all tests share: each test has an empty cache of its own and never touches your results."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKART_OUTPUTS", str(tmp_path))
