"""The fingerprint of a class: the code that it reaches by name and the packages of that; see test_edits for its use."""

import os
import time
from pathlib import Path

import pytest

from labkart import digests
from labkart.fingerprint import source_cache
from tests.support.processes import Processes
from tests.support.tiny import soon, write

STUDY = {
    "src/study/__init__.py": "",
    "src/study/steps.py": "from base import Base\nfrom .deep import helpers\nclass Step(Base):\n    def run(self):\n        return helpers.FACTOR\nclass Other: ...\n",
    "src/study/deep/helpers.py": "FACTOR = 2\nOTHER = 2\n",
    "src/base.py": "class Base: ...\n",
    "src/other.py": "class Alone: ...\n",
}
FEW = "from tests.support.looks import have_few_packages; have_few_packages()"
OF_STEP = f"{FEW}; from labkart.fingerprint.fingerprint import fingerprint_of; from study.steps import Step; print(fingerprint_of(Step).digest)"


@pytest.fixture
def study(root: Path) -> Path:
    """Its files are so old that any later change shows in their stamps."""
    write(root, **STUDY)
    soon(lambda: all(digests.settled(digests.stamp(root / name) or []) for name in STUDY))
    return root


def test_it_names_the_code_that_is_reached_by_file_and_name(study: Path, forked: Processes) -> None:
    code = "from study.steps import Step; from labkart.fingerprint.fingerprint import fingerprint_of; print({file: [*parts] for file, parts in fingerprint_of(Step).code.items()})"
    assert forked.python(code, study) == str(
        {
            "base.py": ["Base"],
            "study/deep/helpers.py": ["FACTOR"],
            "study/steps.py": ["Step", "Step.run"],
        }
    )


def test_it_names_the_packages_that_the_code_imports_and_python(
    study: Path, forked: Processes
) -> None:
    write(study, **{"src/base.py": "import pytest\nclass Base:\n    skip = pytest.skip\n"})
    code = "from study.steps import Step; from labkart.fingerprint.fingerprint import fingerprint_of; print(*fingerprint_of(Step).packages)"
    assert {"pytest", "pluggy", "Python"} <= set(forked.python(code, study).split())
    assert "pandas" not in forked.python(code, study).split()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/study/steps.py", "class Step(Base):", "class Step(Base):\n    rate = 2"),
        ("src/study/deep/helpers.py", "FACTOR = 2", "FACTOR = 3"),
        ("src/base.py", "...", "rate = 2"),
    ],
)
def test_an_edit_of_what_is_reached_changes_it(
    file: str, old: str, new: str, study: Path, forked: Processes
) -> None:
    before = forked.python(OF_STEP, study)
    write(study, **{file: STUDY[file].replace(old, new)})
    assert forked.python(OF_STEP, study) != before


@pytest.mark.parametrize(
    "edit",
    [
        {
            "src/study/steps.py": STUDY["src/study/steps.py"].replace(
                "Other: ...", "Other: rate = 2"
            )
        },
        {"src/study/deep/helpers.py": "OTHER = 3\n# A comment\nFACTOR = 2\n"},
        {"src/study/added.py": "FACTOR = 2\n"},
        {"src/other.py": "", "README.md": "new", "src/study/notes.txt": "new"},
    ],
    ids=["another class", "another constant", "a new module", "other files"],
)
def test_an_edit_of_something_else_leaves_it(
    edit: dict[str, str], study: Path, forked: Processes
) -> None:
    before = forked.python(OF_STEP, study)
    write(study, **edit)
    assert forked.python(OF_STEP, study) == before


def test_a_module_that_moved_changes_it(study: Path, forked: Processes) -> None:
    before = forked.python(OF_STEP, study)
    (study / "src/study/deep").rename(study / "src/study/moved")
    write(study, **{"src/study/steps.py": STUDY["src/study/steps.py"].replace(".deep", ".moved")})
    assert forked.python(OF_STEP, study) != before


def test_the_same_code_has_the_same_fingerprint_in_another_folder(
    study: Path, tmp_path: Path, forked: Processes
) -> None:
    write(tmp_path / "clone", **STUDY, **{"pyproject.toml": (study / "pyproject.toml").read_text()})
    assert forked.python(OF_STEP, tmp_path / "clone") == forked.python(OF_STEP, study)


def test_what_was_remembered_says_the_same_and_may_be_damaged(
    study: Path, forked: Processes
) -> None:
    before = forked.python(OF_STEP, study)
    for kept in ((study / "outputs/memos/sources"), *(study / "outputs/memos/packages").iterdir()):
        for damage in ("", "{", "[]", "{}", "1"):
            kept.write_text(damage)
            assert forked.python(OF_STEP, study) == before


def test_a_byte_that_a_disk_lost_is_no_harm(study: Path, forked: Processes) -> None:
    """The memo says something else then, and would be believed if it were only to be readable."""
    before = forked.python(OF_STEP, study)
    kept = study / "outputs/memos/sources"
    whole = kept.read_bytes()
    for place in (0, 40, len(whole) // 2, len(whole) - 1):
        damaged = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        kept.write_bytes(damaged)
        assert forked.python(OF_STEP, study) == before
        assert kept.read_bytes() != damaged


def test_what_other_readers_remembered_is_read_anew(study: Path, forked: Processes) -> None:
    """Another version of Python, or of the runtime, may find other names in the same text."""
    before = forked.python(OF_STEP, study)
    other = "from types import SimpleNamespace; memo.sys = SimpleNamespace(version_info=(4, 0))"
    code = f"from labkart import memo; from labkart.fingerprint import source; {other}; source.read = None; {OF_STEP}"
    failed = forked.run(code, study).stderr
    assert "'NoneType' object is not callable" in failed
    assert forked.python(OF_STEP, study) == before


def test_a_file_that_is_as_it_was_is_not_opened(study: Path, forked: Processes) -> None:
    hook = "import sys; from study.steps import Step; sys.addaudithook(lambda event, given: event == 'open' and print(given[0]))"
    code = (
        f"{hook}; from labkart.fingerprint.fingerprint import fingerprint_of; fingerprint_of(Step)"
    )
    forked.python(code, study)
    assert "outputs/memos/sources" in (opened := forked.python(code, study))
    assert "src/study/deep/helpers.py" not in opened


def test_an_edit_that_keeps_the_size_and_the_time_changes_it(
    study: Path, forked: Processes
) -> None:
    file = study / "src/study/deep/helpers.py"
    status, before = file.stat(), [forked.python(OF_STEP, study), forked.python(OF_STEP, study)]
    file.write_text(STUDY["src/study/deep/helpers.py"].replace("FACTOR = 2", "FACTOR = 3"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert forked.python(OF_STEP, study) not in before


def test_a_file_that_changed_a_moment_ago_is_opened_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of its file system may stand still: another edit of this moment could leave the same stamp."""
    file, standing = root / "a.py", [time.time_ns(), time.time_ns(), 1, 9]
    monkeypatch.setattr(source_cache.digests, "stamp", lambda _: standing)
    sha256 = []
    for text in ("RATE = 2\n", "RATE = 3\n"):
        file.write_text(text)
        sources = source_cache.SourceCache()
        sha256.append(sources.read("a", str(file), False).sha256)
        sources.keep()
    assert sha256[0] != sha256[1]


def test_code_that_is_in_no_file_never_has_the_same_fingerprint_again(
    root: Path, forked: Processes
) -> None:
    typed = "from labkart.fingerprint import fingerprint\nclass Step: ...\nprint(fingerprint.fingerprint_of(Step).digest)"
    assert forked.python(typed, root) != forked.python(typed, root)


def test_a_class_typed_again_at_a_prompt_is_another_one(root: Path, forked: Processes) -> None:
    typed = "class Step: pass"
    code = f"from labkart.fingerprint.fingerprint import fingerprint_of\n{typed}\nfirst = fingerprint_of(Step)\n{typed}\nprint(first == fingerprint_of(Step))"
    assert forked.python(code, root) == "False"


def test_an_edit_while_a_process_lives_is_not_the_code_that_it_runs(
    study: Path, forked: Processes
) -> None:
    """What was read before the edit holds; what is read first afterwards is known to nobody."""
    edit = "from pathlib import Path; Path('src/study/steps.py').write_text('')"
    begin = "from labkart.fingerprint.fingerprint import fingerprint_of, still_holds; from study.steps import Step"
    assert (
        forked.python(
            f"{begin}; a = fingerprint_of(Step); {edit}; print(a == fingerprint_of(Step), still_holds(Step))",
            study,
        )
        == "True False"
    )
    write(study, **STUDY)
    after = f"{begin}; {edit}; print(fingerprint_of(Step).digest)"
    first = forked.python(after, study)
    write(study, **STUDY)
    assert forked.python(after, study) != first


def test_a_module_that_a_run_imports_later_does_not_change_what_it_was(
    study: Path, forked: Processes
) -> None:
    write(
        study,
        **{
            "src/study/steps.py": "class Step:\n    def run(self):\n        from . import later\n        return later.RATE\n"
        },
    )
    write(study, **{"src/study/later.py": "RATE = 2\n"})
    code = "from labkart.fingerprint.fingerprint import fingerprint_of; from study.steps import Step; a = fingerprint_of(Step); Step().run(); print(a == fingerprint_of(Step))"
    assert forked.python(code, study) == "True"


def test_an_editors_lock_does_no_harm(study: Path, forked: Processes) -> None:
    (study / "src/study/.#steps.py").symlink_to("nobody@nowhere")
    assert forked.python(OF_STEP, study)
