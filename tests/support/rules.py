"""Writes the pages on the rules from the rules themselves; the tests compare."""

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from labkart.check import report
from labkart.check.rules import RULES
from tests.support.bake import TEMPLATE
from tests.support.tiny import FILES, write

PAGES = {language: TEMPLATE / "docs" / language / "rules.md" for language in ("en", "ja")}


def page(language: str) -> str:
    """The page as a project in that language prints it."""
    settings = FILES["pyproject.toml"] + f'language = "{language}"\n'
    with TemporaryDirectory() as folder, chdir(folder):
        write(Path(folder), **{"pyproject.toml": settings})
        return report.format_page(RULES) + "\n"


if __name__ == "__main__":
    for name, file in PAGES.items():
        file.write_text(page(name), encoding="utf-8")
