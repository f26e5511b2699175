"""Writes what `templates/<language>/rules.md` says of the rules again, from the rules themselves; the tests compare."""

import sys
from pathlib import Path

TEMPLATE = Path(__file__).parents[1]
sys.path.insert(0, str(TEMPLATE / "{{cookiecutter.project_slug}}" / "src"))

from labkart import check  # noqa: E402 (it is not installed)
from labkart.rules import EVERY  # noqa: E402

if __name__ == "__main__":
    for language in ("en", "ja"):
        file = TEMPLATE / "templates" / language / "rules.md"
        file.write_text(check.markdown(EVERY, language) + "\n", encoding="utf-8")
