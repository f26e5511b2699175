"""What `labkart check` prints."""

import json
from pathlib import Path

import pytest

from labkart.errors import LabkartError
from tests.check.conftest import check
from tests.support.tiny import write


def test_the_fix_of_a_rule_is_printed_once_however_many_places_there_are(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(study, **{"a.py": "", "b.py": "", "src/study/a.py": 'A = "/home/ann"\n'})
    assert check("outside-layout", "absolute-path") == 1
    output = capsys.readouterr().out
    assert output.splitlines()[:4] == [
        "a.py  outside-layout  a.py does not belong at the top of the project",
        "b.py  outside-layout  b.py does not belong at the top of the project",
        'src/study/a.py:1  absolute-path  "/home/ann" is an absolute path',
        "",
    ]
    assert output.count("outside-layout: Move it") == output.count("absolute-path: Declare") == 1
    assert output.splitlines()[-1].startswith("3 findings; broken rules: 2.")


def test_a_misspelt_rule_is_answered_with_the_right_one(study: Path) -> None:
    with pytest.raises(LabkartError, match=r'There is no rule "secrets"\. Did you mean "secret"\?'):
        check("secrets")


def test_programs_get_json(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(study, **{"src/study/a.py": 'A = "/home/ann"\n'})
    assert check("absolute-path", json=True) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert row.keys() == {"path", "line", "rule", "says", "fix"}
    assert (row["path"], row["line"], row["rule"]) == ("src/study/a.py", 1, "absolute-path")


def test_the_list_explains_each_rule(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("secret", list=True) == 0
    sentence, reason, fix = capsys.readouterr().out.splitlines()
    assert sentence == "secret: No file contains a password, key or token."
    assert reason.startswith("  A secret that was pushed") and fix.startswith(
        "  -> First make the secret"
    )
