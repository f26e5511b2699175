"""The help of `labkart run`; what it does is in tests/experiments/ and tests/project/."""

from pathlib import Path

import pytest

from labkart.cli import run
from tests.support.tiny import write


def test_the_help_has_the_options_and_the_files_to_choose_from(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root, **{"conf/sweep/all.yaml": "- {}\n", "conf/local/default.yaml": "a: 1\n"})
    assert run.main(["model=forest", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("--multirun", "--fail-fast", "--debug", "--cfg", "--hydra-help"):
        assert option in text
    assert "\n  model=forest,linear\n" in text and "\n  sweep=all\n" in text
    assert "local" not in text
