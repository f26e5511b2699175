"""Errors are sentences: the closest name, and the student's own line."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from labkart import digests
from labkart.errors import LabkartError
from labkart.wording import describe_error, did_you_mean
from tests.support.tiny import write


@pytest.mark.parametrize(
    ("word", "known", "answer"),
    [
        ("tree", ["depth", "trees"], 'Did you mean "trees"?'),
        ("zzz", ["trees", "depth"], "Choose one of depth, trees."),
        ("tree", [], "There are none."),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(
    word: str, known: list[str], answer: str
) -> None:
    assert did_you_mean(word, known) == answer


def test_an_error_is_shown_with_the_last_line_of_the_project_that_it_came_through(
    root: Path, student: Callable[[str], ModuleType]
) -> None:
    module = student(
        "import json\ndef read():\n    return json.loads('{')\n\ndef load():\n    return read()\n"
    )
    with pytest.raises(json.JSONDecodeError) as caught:
        module.load()
    assert describe_error(caught.value, root).startswith(
        f"src/{module.__name__}.py:3: JSONDecodeError: Expecting property name"
    )


def test_a_syntax_error_is_shown_with_its_line(
    root: Path, student: Callable[[str], ModuleType]
) -> None:
    with pytest.raises(SyntaxError) as caught:
        student("x = 1\ndef load(:\n")
    assert describe_error(caught.value, root).endswith(
        ".py:2: SyntaxError: invalid syntax ("
        + Path(caught.value.filename or "").name
        + ", line 2)"
    )


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("import seaborn_", "Add the package that has it: uv add seaborn_"),
        ("from seaborn_.inner import x", "Add the package that has it: uv add seaborn_"),
        ("import own.halper", 'Did you mean "own.helper"?'),
        ("import own.zzz", None),
        ("import json.nothing", None),
    ],
)
def test_a_module_that_is_not_there_is_shown_with_what_to_do(
    line: str, remedy: str | None, root: Path, student: Callable[[str], ModuleType]
) -> None:
    write(root, **{"src/own/__init__.py": "", "src/own/helper.py": ""})
    with pytest.raises(ModuleNotFoundError) as caught:
        student(f"{line}\n")
    line = describe_error(caught.value, root)
    assert line.endswith(f"'. {remedy}" if remedy else ("'", "package"))


def test_lines_outside_of_the_project_are_not_shown(root: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        digests.file_state(root / "missing", root)
    assert describe_error(caught.value, root) == f"FileNotFoundError: {caught.value}"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (ValueError("\n \n\none\ntwo"), "ValueError: one"),
        (ValueError("\n\n"), "ValueError"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 501), f"ValueError: {'x' * 500}"),
        (LabkartError("Fix it."), "Fix it."),
    ],
)
def test_an_error_is_shown_in_one_line(error: Exception, line: str, tmp_path: Path) -> None:
    assert describe_error(error, tmp_path) == line
