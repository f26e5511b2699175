"""Writes the pages on the rules from the rules themselves; the tests compare."""

from labkart.check import report
from labkart.check.rules import RULES
from tests.support.bake import TEMPLATE

if __name__ == "__main__":
    for language in ("en", "ja"):
        page = TEMPLATE / "docs" / language / "rules.md"
        page.write_text(report.format_page(RULES, language) + "\n", encoding="utf-8")
