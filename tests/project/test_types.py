"""The type check of a project: ordinary code passes, and a wrong type does not."""

import re
from textwrap import indent

import pytest

from tests.support.bake import TEMPLATE, Project

ORDINARY = TEMPLATE / "tests/support/ordinary.py"


@pytest.mark.thorough
def test_ordinary_code_passes_and_a_wrong_type_does_not(fresh: Project) -> None:
    code = ORDINARY.read_text(encoding="utf-8")
    wrong = code.replace('self.log_metric("cv", ', 'self.log_metrics("cv", ')
    assert wrong != code
    for name, text in (("ordinary", code), ("wrong", wrong)):
        (fresh.root / f"tests/test_{name}.py").write_text(text, encoding="utf-8")
    done = fresh.run("basedpyright", "--pythonpath", fresh.command("python")[0])
    assert done.stdout.count(" error: ") == 1 == done.returncode, done.stdout
    assert "test_wrong.py" in done.stdout


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_shows_lines_that_pass(language: str) -> None:
    page = (TEMPLATE / "docs" / language / "troubleshooting.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert indent(lines, " " * 8) in ORDINARY.read_text(encoding="utf-8")
