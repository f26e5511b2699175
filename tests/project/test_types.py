"""The type check of a project: ordinary code passes, and a student's mistake does not."""

import re

import pytest

from tests.support.bake import TEMPLATE, Project

ORDINARY = TEMPLATE / "tests/support/ordinary.py"
MISTAKES = [
    ('self.log_metric("cv", ', 'self.log_metrics("cv", '),  # no such method
    ("self.alpha:", "self.alhpa:"),  # no such parameter
    ("self.load(self.table)", "self.load(self.alpha)"),  # not a task
    ("growth, [0, 10]", "growth(0, [1], 0.5), [0, 10]"),  # a list for an array
]


@pytest.mark.thorough
def test_ordinary_code_passes_and_mistakes_do_not(fresh: Project) -> None:
    code = ORDINARY.read_text(encoding="utf-8")
    texts = [code, *(code.replace(right, wrong) for right, wrong in MISTAKES)]
    for number, text in enumerate(texts):
        (fresh.root / f"tests/test_{number}.py").write_text(text, encoding="utf-8")
    done = fresh.run("basedpyright", "--pythonpath", fresh.command("python")[0])
    errors = re.findall(r"(\w+)\.py:\d+:\d+ - error", done.stdout)
    assert set(errors) == {f"test_{number}" for number in range(1, len(texts))}, done.stdout
    assert done.returncode == 1
