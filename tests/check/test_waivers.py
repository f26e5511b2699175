"""Waivers: what they cover, and what is wrong with them."""

from pathlib import Path

import pytest

from tests.check.conftest import Find, places

_TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("src/study/a.py", 'A = "/data/x/y"  # labkart: allow absolute-path: it is there on every node', "absolute-path"),
        ("src/study/a.py", '# labkart: allow absolute-path: it is there on every node\nA = "/data/x/y"', "absolute-path"),
        ("src/study/a.py", '# labkart: allow absolute-path\uff1a全台にある\n# and\n\nA = "/data/x/y"', "absolute-path"),
        ("conf/a.yaml", f"# labkart: allow secret: of the test server\na: {_TOKEN}", "secret"),
    ],
)  # fmt: skip
def test_a_waiver_with_a_reason_covers_its_line_and_no_other(
    find: Find, path: str, text: str, rule: str
) -> None:
    assert find(rule, "waiver", **{path: f"{text}\n"}) == []
    last = text.splitlines()[-1].partition("  #")[0]
    assert len(find(rule, "waiver", **{path: f"{text}\n{last}\n"})) == 1


def test_a_waiver_without_a_reason_covers_nothing(find: Find) -> None:
    files = {"src/study/a.py": '# labkart: allow absolute-path: \nA = "/data/x/y"\n'}
    assert places(find("absolute-path", "waiver", **files)) == [
        "src/study/a.py:1 waiver",
        "src/study/a.py:2 absolute-path",
    ]


def test_an_unneeded_waiver_is_found_unless_its_rule_was_not_checked(find: Find) -> None:
    files = {"src/study/a.py": "A = 1  # labkart: allow absolute-path: once it was one\n"}
    assert places(find("absolute-path", "waiver", **files)) == ["src/study/a.py:1 waiver"]
    assert find("secret", "waiver") == []


def test_files_without_comments_are_waived_in_a_table(find: Find, study: Path) -> None:
    entry = '\n[[tool.labkart.allow]]\nrule = "notebook-output"\npath = "notebooks/*.ipynb"\nreason = "for the web page"\n'
    text = (study / "pyproject.toml").read_text()
    notebook = {"notebooks/a.ipynb": '{"cells": [{"cell_type": "code", "execution_count": 1}]}'}
    rules = ("notebook-output", "waiver")
    assert find(*rules, **notebook, **{"pyproject.toml": text + entry}) == []
    without_reason, unneeded = (
        entry.replace('"for the web page"', '""'),
        entry.replace("ipynb", "md"),
    )
    found = find(*rules, **{"pyproject.toml": text + without_reason + unneeded})
    assert [(finding.rule.id, finding.key) for finding in found] == [
        ("notebook-output", "cell"),
        ("waiver", "reason"),
        ("waiver", "unneeded"),
    ]
    for entry in ('\n[tool.labkart.allow]\npath = "notebooks/a.ipynb"\n', 'allow = ["secret"]\n'):
        (finding,) = find("waiver", **{"pyproject.toml": text + entry})
        assert finding.message() == 'there is no rule ""'


def test_the_table_is_not_for_lines_that_can_have_a_comment(find: Find, study: Path) -> None:
    entry = '\n[[tool.labkart.allow]]\nrule = "secret"\npath = "*"\nreason = "of a test server"\n'
    files = {"pyproject.toml": (study / "pyproject.toml").read_text() + entry}
    files |= {"conf/a.yaml": f"a: {_TOKEN}\n", "README.md": f"{_TOKEN}\n"}
    assert places(find("secret", **files)) == ["conf/a.yaml:1 secret"]
