"""The fingerprint of a class: the code that it reaches by name and the packages of that; see test_edits for its use."""

import os
from pathlib import Path

import pytest

from labkart import digests
from tests.support.processes import Processes
from tests.support.tiny import soon, write

pytestmark = pytest.mark.integration

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
            "study/steps.py": ["Step", "Step.run", "import Base", "import helpers"],
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


def test_a_file_that_appears_counts_where_it_is_imported(study: Path, forked: Processes) -> None:
    steps = "try:\n    from . import fast\nexcept ImportError:\n    fast = None\nimport optional\nclass Step:\n    fast = fast, optional\n"
    write(study, **{"src/study/steps.py": steps, "src/optional/a.py": ""})
    soon(lambda: digests.settled(digests.stamp(study / "src/study/steps.py") or []))
    before = forked.python(OF_STEP, study)
    write(study, **{"src/study/fast.py": ""})
    with_fast = forked.python(OF_STEP, study)
    assert with_fast != before
    write(study, **{"src/optional/__init__.py": "RATE = 2\n"})
    assert forked.python(OF_STEP, study) not in (before, with_fast)


def test_a_file_that_appears_counts_where_its_folder_is_listed_at_import(
    study: Path, forked: Processes
) -> None:
    steps = "from pathlib import Path\nNAMES = [file.name for file in Path(__file__).with_name('texts').iterdir()]\nclass Step:\n    names = NAMES\n"
    write(study, **{"src/study/steps.py": steps, "src/study/texts/a.txt": "1"})
    soon(lambda: digests.settled(digests.stamp(study / "src/study/steps.py") or []))
    before = forked.python(OF_STEP, study)
    write(study, **{"src/study/texts/a.txt": "2"})
    assert forked.python(OF_STEP, study) == before
    write(study, **{"src/study/texts/b.txt": "1"})
    assert forked.python(OF_STEP, study) != before


def test_an_edit_that_keeps_the_size_and_the_time_changes_it(
    study: Path, forked: Processes
) -> None:
    file = study / "src/study/deep/helpers.py"
    status, before = file.stat(), [forked.python(OF_STEP, study), forked.python(OF_STEP, study)]
    file.write_text(STUDY["src/study/deep/helpers.py"].replace("FACTOR = 2", "FACTOR = 3"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert forked.python(OF_STEP, study) not in before


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
    """Whether it was read before the edit or afterwards: what was imported counts."""
    edit = "from pathlib import Path; Path('src/study/steps.py').write_text('')"
    code = "from labkart.fingerprint.fingerprint import fingerprint_of"
    shown = "f = fingerprint_of(Step); print(f.digest, f.other_file())"
    step = f"{FEW}; {code}; from study.steps import Step"
    before = forked.python(f"{step}; {shown}; {edit}; {shown}", study).splitlines()
    write(study, **STUDY)
    after = forked.python(f"{step}; {edit}; {shown}", study)
    assert {*before} == {after}
    assert after.endswith(" None")


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


def test_what_another_tasks_run_imports_changes_it_not(study: Path, forked: Processes) -> None:
    """Neither what acts there, nor what is read there."""
    late = "import os\nfrom pathlib import Path\nfrom . import plugin\nos.environ['A'] = '1'\nRATE = int(Path('rate.txt').read_text())\n"
    run = "class Step:\n    def run(self):\n        from . import late\n        return late.RATE\nclass Other:\n    def run(self):\n        from . import plugin\n"
    plugin = "import os\nos.environ['B'] = '1'\nclass Task(dict): ...\n"
    files = {"steps": run, "late": late, "plugin": plugin}
    write(study, **{f"src/study/{name}.py": text for name, text in files.items()})
    write(study, **{"rate.txt": "2"})
    before = forked.python(OF_STEP, study)
    for first in ("import study.plugin", "import study.late", "import study.late, study.plugin"):
        begin = "from labkart.fingerprint import imports"
        assert forked.python(f"{begin}; {first}; {OF_STEP}", study) == before


@pytest.mark.parametrize(("run", "counts"), [("yield Helper()", True), ("Helper()", False)])
def test_what_a_task_needs_that_run_yields_counts(
    run: str, counts: bool, study: Path, forked: Processes
) -> None:
    """The id of a task that `run()` yields is in no other id."""
    tasks = f"from labkart import Task\nfrom .far import rate\nclass Deep(Task):\n    def run(self):\n        rate()\nclass Helper(Task):\n    def requires(self):\n        return Deep()\nclass Step(Task):\n    def run(self):\n        {run}\n"
    write(study, **{"src/study/steps.py": tasks, "src/study/far.py": "def rate(): return 2\n"})
    before = forked.python(OF_STEP, study)
    write(study, **{"src/study/far.py": "def rate(): return 5\n"})
    assert (forked.python(OF_STEP, study) != before) == counts


def test_its_literals_are_those_of_the_code_that_is_reached(study: Path, forked: Processes) -> None:
    steps = "from .deep import helpers\nOTHER = 'other.csv'\nclass Step:\n    'Text.'\n    def run(self):\n        return open(f'{self}.csv' + 'a/b.csv'), helpers.FILE\n"
    write(study, **{"src/study/steps.py": steps})
    write(study, **{"src/study/deep/helpers.py": "FILE = 'c.csv'\nOTHER = 'd.csv'\n"})
    code = "from labkart.fingerprint.fingerprint import literals; from study.steps import Step; from pathlib import Path; print([(each.text, Path(each.file).name, each.line) for each in literals(Step)])"
    assert forked.python(code, study) == str(
        [("c.csv", "helpers.py", 1), ("a/b.csv", "steps.py", 6)]
    )


def test_an_editors_lock_does_no_harm(study: Path, forked: Processes) -> None:
    (study / "src/study/.#steps.py").symlink_to("nobody@nowhere")
    assert forked.python(OF_STEP, study)
