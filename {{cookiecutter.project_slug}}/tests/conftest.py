"""What all tests share: each one gets an empty cache of its own, so that it never meets your results."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKART_OUTPUTS", str(tmp_path))
