"""Edits, each between two processes: which tasks have another id afterwards, and so are computed again.

That a task is computed again if, and only if, its id changed: see tests/project/test_cache.py.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.edits import (
    ACTS,
    COUNTS,
    DEP,
    ENTRY,
    FOLDERS,
    IGNORED,
    INSTALLED,
    LOADS,
    OUTSIDE,
    SWAPPED,
    UNSURE,
    WAYS_TO_WRITE,
)
from tests.support.processes import Processes
from tests.support.study import (
    AFTER,
    ALL,
    BEFORE,
    FOLLOWS,
    STUDY,
    WAY,
    Case,
    Look,
    Study,
    install,
    looks_of_all,
    overwrite,
    replace,
    task,
)
from tests.support.tiny import write
from tests.support.variants import variants

pytestmark = pytest.mark.integration


@pytest.fixture
def study(root: Path, forked: Processes) -> Study:
    return Study(root, forked)


def look_twice(study: Study) -> Look:
    """What two processes know of the tasks: the same, since nothing has changed between them."""
    before = study.look()
    assert before.result == BEFORE
    assert set(before.ids) == ALL
    assert study.look() == before
    return before


def edited(study: Study, before: Case, after: Case) -> tuple[int, set[str]]:
    """What comes of an edit: the result, and the tasks that have another id."""
    first, again, last = study.looks((before, 2), (before, 2), (after, 5))
    assert again == first
    return changed(first, last)


Outcomes = Callable[[dict[str, list[tuple[Case, object]]]], dict[str, object]]


@pytest.fixture
def outcomes(forked: Processes, tmp_path: Path) -> Outcomes:
    """What comes of the edits of a table, by name, or what was raised: one process looks at all of them."""

    def look(edits: dict[str, list[tuple[Case, object]]]) -> dict[str, object]:
        found = looks_of_all(edits, forked, tmp_path)
        return {
            name: looks if isinstance(looks, str) else _outcome(*looks)
            for name, looks in found.items()
        }

    return look


def _outcome(first: Look, last: Look) -> object:
    """Both results, the tasks that there are, and those that have another id after the edit."""
    return first.result, set(first.ids), last.result, last.changed(first)


def changed(first: Look, last: Look) -> tuple[int, set[str]]:
    """The result after an edit, and the tasks that have another id."""
    assert first.result == BEFORE
    assert set(first.ids) == ALL
    return last.result, last.changed(first)


EVERY_FIFTH, ALL_CASES = 5, 1


@pytest.mark.parametrize("step", variants([EVERY_FIFTH, ALL_CASES]))
def test_an_edit_of_what_a_task_reaches_computes_it_again_and_what_follows(
    step: int, outcomes: Outcomes
) -> None:
    names = list(COUNTS)[::step]
    edits: dict[str, list[tuple[Case, object]]]
    edits = {name: [(COUNTS[name], 2), (COUNTS[name], 5)] for name in names}
    assert outcomes(edits) == dict.fromkeys(names, (BEFORE, ALL, AFTER, FOLLOWS))


def test_another_thing_by_the_same_name_computes_it_again(outcomes: Outcomes) -> None:
    edits: dict[str, list[tuple[Case, object]]]
    edits = {name: [(before, 2), (after, 5)] for name, (before, after) in SWAPPED.items()}
    assert outcomes(edits) == dict.fromkeys(SWAPPED, (BEFORE, ALL, AFTER, FOLLOWS))


@pytest.mark.parametrize("case", variants(ACTS, 2))
def test_what_happens_at_import_counts_for_all_tasks(case: Case, study: Study) -> None:
    assert isinstance(case, dict)
    with_entry = {**ENTRY, **case}
    assert edited(study, with_entry, with_entry) == (AFTER, ALL)


@pytest.mark.parametrize("case", variants(OUTSIDE, 2))
def test_code_outside_of_src_counts_where_it_is_run(case: Case, study: Study) -> None:
    result, changed = edited(study, case, case)
    assert result == AFTER
    assert changed >= FOLLOWS


@pytest.mark.parametrize("case", variants(UNSURE, 3))
def test_an_edit_of_what_a_task_reaches_by_no_name_computes_it_again(
    case: Case, study: Study
) -> None:
    result, changed = edited(study, case, case)
    assert result == AFTER
    assert changed >= FOLLOWS


@pytest.mark.parametrize("step", variants([EVERY_FIFTH, ALL_CASES]))
def test_an_edit_of_what_no_task_reaches_computes_nothing(step: int, outcomes: Outcomes) -> None:
    names = list(IGNORED)[::step]
    edits: dict[str, list[tuple[Case, object]]]
    edits = {name: [(IGNORED[name], 2), (IGNORED[name], 5)] for name in names}
    assert outcomes(edits) == dict.fromkeys(names, (BEFORE, ALL, BEFORE, set()))


def test_another_way_to_write_the_same_computes_nothing(outcomes: Outcomes) -> None:
    edits: dict[str, list[tuple[Case, object]]]
    edits = {name: [(first, 0), (second, 0)] for name, (first, second) in WAYS_TO_WRITE.items()}
    assert outcomes(edits) == dict.fromkeys(WAYS_TO_WRITE, (BEFORE, ALL, BEFORE, set()))


# Parameters, the seed, settings


def test_another_parameter_computes_it_again_and_the_first_one_is_found_again(study: Study) -> None:
    study.write({"scale.py": task("x * self.rate", "rate = luigi.IntParameter(default=2)")}, 0)
    first, other = study.look("scale.Scale()"), study.look("scale.Scale(rate=5)")
    assert (first.result, other.result) == (12, 30)
    assert other.changed(first) == {"Scale"}
    assert study.look("scale.Scale(rate=2)") == first


def test_another_upstream_task_computes_what_follows(study: Study) -> None:
    load = (
        STUDY["load.py"]
        .replace("self.dump(6)", "self.dump(self.x)")
        .replace("(Task):", "(Task):\n    x = X(default=6)")
    )
    study.write({"load.py": "from luigi import IntParameter as X\n" + load}, 0)
    before = look_twice(study)
    study.write({"scale.py": WAY.replace("Load()", "Load(x=15)")}, 0)
    after = study.look()
    assert (after.result, after.changed(before)) == (AFTER, FOLLOWS | {"Load"})


def test_a_setting_that_a_task_does_not_take_computes_only_who_takes_it(study: Study) -> None:
    report = "import luigi\n" + STUDY["report.py"].replace(
        "class Report(Task):", "class Report(Task):\n    rate = luigi.IntParameter()"
    )
    study.write({"report.py": report}, 0)
    before, after = study.look("report.Report(rate=2)"), study.look("report.Report(rate=5)")
    assert after.changed(before) == {"Report"}


def test_a_parameter_that_is_not_significant_computes_nothing(study: Study) -> None:
    study.write({"scale.py": task("x * 2", "workers = luigi.IntParameter(significant=False)")}, 0)
    assert study.look("scale.Scale(workers=2)") == study.look("scale.Scale(workers=5)")


# The same project, elsewhere and later


def test_code_that_was_touched_or_copied_back_computes_nothing(study: Study) -> None:
    before = study.look()
    for file in (study.root / "src").rglob("*.py"):
        text = file.read_bytes()
        file.unlink()
        file.write_bytes(text)
    assert study.look() == before


def test_an_edit_that_is_taken_back_finds_the_first_result_again(study: Study) -> None:
    case = "def scaled(x):\n    return x * §\n"
    before, after, back = study.looks((case, 2), (case, 5), (case, 2))
    assert after.changed(before) == FOLLOWS
    assert back == before


@pytest.mark.parametrize("move", [shutil.copytree, shutil.move])
def test_another_checkout_of_the_same_project_computes_nothing(
    move: Callable[[Path, Path], object], study: Study
) -> None:
    before = study.look()
    move(study.root, study.root.parent / "elsewhere" / "clone")
    study.root = study.root.parent / "elsewhere" / "clone"
    assert study.look() == before


@pytest.mark.parametrize(
    ("version", "changed"), [((3, 11, 99), set()), ((3, 99, 0), ALL)], ids=["patch", "minor"]
)
def test_another_python_counts_when_its_minor_version_does(
    version: tuple[int, ...], changed: set[str], study: Study
) -> None:
    first = f"import sys; sys.version_info = ({version[0]}, 11 if {version[1]} == 11 else 12, 0, 'final', 0)"
    before = study.look(first=first)
    after = study.look(first=f"import sys; sys.version_info = (*{version}, 'final', 0)")
    assert after.changed(before) == changed


def test_an_edit_that_python_itself_misses_computes_it_again(study: Study) -> None:
    """Of the same second and size: Python would run what it had compiled before."""
    case = "def scaled(x):\n    return x * §\n"
    study.write(case, 2)
    way = study.root / "src/study/way.py"
    times = way.stat()
    before = look_twice(study)
    study.write(case, 5)
    os.utime(way, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = study.look()
    assert (after.result, after.changed(before)) == (AFTER, FOLLOWS)


# Data


@pytest.mark.parametrize("size", variants([1, 600_000]))
@pytest.mark.parametrize("edit", variants([overwrite, replace]))
@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_data_of_the_same_name_size_and_time_but_another_content_is_read_again(
    load: str, edit: Callable[[Path, str], None], size: int, study: Study
) -> None:
    file = study.root / "data/raw/a.txt"
    study.write({"load.py": load, "../../data/raw/a.txt": "6".rjust(size)}, 0)
    times = file.stat()
    before = look_twice(study)
    edit(file, "9".rjust(size))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = study.look()
    assert (after.result, after.changed(before)) == (BEFORE + 6, ALL - {"Other"})


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_data_that_was_touched_or_copied_back_is_not_read_again(load: str, study: Study) -> None:
    file = study.root / "data/raw/deep/a.txt"
    study.write(
        {"load.py": load.replace("raw/a", "raw/deep/a"), "../../data/raw/deep/a.txt": "6"}, 0
    )
    before = study.look()
    assert before.result == BEFORE
    os.utime(file, (0, 0))
    assert study.look() == before
    replace(file, "6")
    assert study.look() == before
    file.rename(study.root / "kept")
    file.symlink_to(study.root / "kept")
    file.chmod(0o600)
    assert study.look() == before


@pytest.mark.parametrize(("edit", "total"), variants(FOLDERS, 2))
def test_an_edit_in_a_folder_of_data_is_seen(
    edit: Callable[[Path], object], total: int, study: Study
) -> None:
    raw = study.root / "data/raw"
    study.write(
        {
            "load.py": LOADS["a folder"],
            "../../data/raw/a.txt": "2",
            "../../data/raw/deep/b.txt": "4",
        },
        0,
    )
    before = look_twice(study)
    edit(raw)
    after = study.look()
    assert (after.result, after.changed(before)) == (2 * total + 1100, ALL - {"Other"})


def test_what_a_system_leaves_in_a_folder_of_data_is_no_data(study: Study) -> None:
    study.write({"load.py": LOADS["a folder"], "../../data/raw/a.txt": "6"}, 0)
    before = study.look()
    write(study.root, **{"data/raw/.DS_Store": "1"})
    assert study.look() == before


# Packages


@pytest.mark.parametrize(("package", "case"), variants(INSTALLED, 3))
def test_another_version_of_a_package_that_is_imported_computes_it_again(
    package: dict[str, str], case: Case, study: Study
) -> None:
    install(study, package, 2)
    study.write(case, 0)
    before = look_twice(study)
    install(study, package, 5)
    after = study.look()
    assert (after.result, after.changed(before)) == (AFTER, FOLLOWS)


def test_another_version_of_a_package_that_decorates_computes_it_again(study: Study) -> None:
    """It may do more than give back a function, so that all tasks depend on it."""
    package = {**DEP, "dep.py": "def times(f):\n    return lambda x: f(x) * §\n"}
    install(study, package, 2)
    way = "from dep import times\n@times\ndef scaled(x):\n    return x\n"
    study.write({"way.py": way, "pipeline.py": "from .report import Report\n"}, 0)
    before = look_twice(study)
    install(study, package, 5)
    after = study.look()
    assert (after.result, after.changed(before)) == (AFTER, ALL)


def test_another_version_of_a_package_that_is_not_imported_computes_nothing(study: Study) -> None:
    study.write("def other():\n    import dep\ndef scaled(x):\n    return x * 2\n", 0)
    install(study, DEP, 2)
    before = study.look()
    install(study, DEP, 5)
    assert study.look() == before


def test_the_same_version_installed_anew_computes_nothing(study: Study) -> None:
    study.write("import dep\ndef scaled(x):\n    return x * dep.RATE\n", 0)
    install(study, DEP, 2)
    before = study.look()
    install(study, DEP, 2)
    assert study.look() == before


OPTIONAL = {
    "its name": "try:\n    import dep\nexcept ImportError:\n    dep = None\ndef scaled(x):\n    return x * (dep.RATE if dep else 2)\n",
    "a flag": "try:\n    import dep\nexcept ImportError:\n    HAS = False\nelse:\n    HAS = True\ndef scaled(x):\n    return x * (5 if HAS else 2)\n",
    "a name of it": "try:\n    from dep import RATE\nexcept ImportError:\n    RATE = 2\ndef scaled(x):\n    return x * RATE\n",
    "find_spec": "from importlib.util import find_spec\ndef scaled(x):\n    return x * (5 if find_spec('dep') else 2)\n",
    "in a function": "def scaled(x):\n    try:\n        import dep\n    except ImportError:\n        return x * 2\n    return x * 5\n",
    "suppress": "import contextlib\nRATE = 2\nwith contextlib.suppress(ImportError):\n    from dep import RATE\ndef scaled(x):\n    return x * RATE\n",
}


@pytest.mark.parametrize("case", variants(OPTIONAL, 2))
def test_an_optional_package_that_appears_and_goes_counts(case: Case, study: Study) -> None:
    study.write(case, 0)
    before = look_twice(study)
    install(study, DEP, 5)
    after = study.look()
    assert after.result == AFTER
    assert after.changed(before) >= FOLLOWS
    install(study, {}, 0)
    assert study.look() == before


def test_a_module_of_no_package_that_appears_counts(study: Study) -> None:
    study.write(OPTIONAL["a flag"], 0)
    before = look_twice(study)
    install(study, {"dep.py": "RATE = §\n"}, 5)
    after = study.look()
    assert (after.result, after.changed(before)) == (AFTER, FOLLOWS)


FINDER = """
import sys, importlib.util
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "flat":
            return importlib.util.spec_from_file_location("flat", "{folder}/flat/__init__.py")
sys.meta_path.append(Finder)
"""


def test_an_editable_package_that_is_imported_late_is_read_like_code(study: Study) -> None:
    """Its folder is not in the path: a finder of its own knows it."""
    folder = study.root.parent / "checkout"
    write(folder, **{"flat/__init__.py": "", "flat/rates.py": "RATE = 2\nOTHER = 2\n"})
    metadata = {"flat-1.dist-info/METADATA": "Name: flat\nVersion: 1\n"}
    install(study, metadata, 0)
    study.write("def scaled(x):\n    from flat import rates\n    return x * rates.RATE\n", 0)
    first = FINDER.format(folder=folder)
    before = study.look(first=first)
    write(folder, **{"flat/rates.py": "RATE = 2\nOTHER = 5\n"})
    assert study.look(first=first) == before
    write(folder, **{"flat/rates.py": "RATE = 5\nOTHER = 5\n"})
    after = study.look(first=first)
    assert (after.result, after.changed(before)) == (AFTER, FOLLOWS)
