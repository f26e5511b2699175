"""The fingerprint of a class changes with the code of its package, and with nothing else."""

from pathlib import Path

import pytest

from .conftest import python, write

STUDY = {
    "src/study/__init__.py": "",
    "src/study/steps.py": "from base import Base\nclass Step(Base): ...\n",
    "src/study/deep/helpers.py": "FACTOR = 2\n",
    "src/base.py": "class Base: ...\n",
    "src/other.py": "class Alone: ...\n",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write(tmp_path / "study", **STUDY)
    return tmp_path / "study"


def of_step(root: Path) -> str:
    """The fingerprint in a new process: each one keeps what it has seen."""
    return python("from study.steps import Step; from labkart import fingerprint; print(fingerprint.of(Step))", root)


@pytest.mark.parametrize(
    "edit",
    [
        {"src/study/steps.py": "from base import Base\nclass Step(Base):\n    rate = 2\n"},
        {"src/study/deep/helpers.py": "FACTOR = 3\n"},
        {"src/study/added.py": "FACTOR = 2\n"},
        {"src/base.py": "class Base:\n    rate = 2\n"},
    ],
    ids=["its module", "another module", "a new module", "the module of a base class"],
)
def test_an_edit_of_what_a_class_may_reach_changes_its_fingerprint(edit: dict[str, str], study: Path) -> None:
    before = of_step(study)
    write(study, **edit)
    assert of_step(study) != before


def test_a_module_that_moved_changes_the_fingerprint(study: Path) -> None:
    before = of_step(study)
    (study / "src/study/deep/helpers.py").rename(study / "src/study/helpers.py")
    assert of_step(study) != before


def test_an_edit_of_something_else_leaves_the_fingerprint(study: Path) -> None:
    before = of_step(study)
    write(study, **{"src/other.py": "", "README.md": "new", "src/study/notes.txt": "new"})
    assert of_step(study) == before


def test_the_same_code_has_the_same_fingerprint_in_another_folder(study: Path, tmp_path: Path) -> None:
    write(tmp_path / "clone", **STUDY)
    assert of_step(tmp_path / "clone") == of_step(study)


def test_code_that_is_in_no_file_never_has_the_same_fingerprint_again(tmp_path: Path) -> None:
    typed = "from labkart import fingerprint\nclass Step: ...\nprint(fingerprint.of(Step))"
    assert python(typed, tmp_path) != python(typed, tmp_path)


def test_an_edit_while_a_process_lives_is_not_the_code_that_it_runs(study: Path) -> None:
    later = "from pathlib import Path; Path('src/study/steps.py').write_text('')"
    twice = (
        f"from study.steps import Step; from labkart.fingerprint import of; print(of(Step)); {later}; print(of(Step))"
    )
    before, after = python(twice, study).splitlines()
    assert before == after


def test_a_class_typed_again_at_a_prompt_is_another_one(study: Path) -> None:
    typed = "class Step: pass"
    code = f"from labkart.fingerprint import of\n{typed}\nfirst = of(Step)\n{typed}\nprint(first == of(Step))"
    assert python(code, study).strip() == "False"


def test_an_editors_lock_does_no_harm(study: Path) -> None:
    (study / "src/study/.#steps.py").symlink_to("nobody@nowhere")
    assert python("from study.steps import Step; from labkart.fingerprint import of; print(of(Step))", study).strip()
