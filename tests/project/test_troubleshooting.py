"""The page `troubleshooting` shows what Labkart says: each of its mistakes is made."""

import re
from pathlib import Path

import pytest

from tests.conftest import Ready
from tests.support.mistakes import MISTAKES, blocks, page


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_shows_what_labkart_says_of_each_mistake(
    language: str, tmp_path: Path, ready: Ready
) -> None:
    project = ready(tmp_path, language=language)
    project.labkart("run")
    shown = blocks(page(language).read_text(encoding="utf-8"))
    assert len(shown) == len(MISTAKES)
    printed = [mistake.make(project) for mistake in MISTAKES]
    assert list(map(comparable, printed)) == list(map(comparable, shown)), (
        "write them again: python -m tests.support.mistakes"
    )


def comparable(text: str) -> str:
    """Without the numbers of lines and experiments."""
    return re.sub(r"\d+", "0", text)
