"""A task whose id changed is computed again, one whose id did not is not, and damage is seen.

These are real builds, each in a process of its own. Which edits change an id: see
tests/fingerprint/test_edits.py.
"""

import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.edits import COUNTS, DEP, FOLDERS, IGNORED, INSTALLED, LOADS, SWAPPED, UNSURE
from tests.support.processes import Processes, processes
from tests.support.study import (
    AFTER,
    ALL,
    BEFORE,
    FOLLOWS,
    Case,
    Study,
    install,
    overwrite,
    replace,
    task,
)
from tests.support.tiny import FILES, write
from tests.support.variants import variants


@pytest.fixture(scope="module")
def packages(forked: Processes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Labkart remembers of the installed packages: the same for all studies."""
    folder = tmp_path_factory.mktemp("packages")
    write(folder, **FILES)
    forked.python("from labkart import packages; packages.installed_packages()", folder)
    return folder / "outputs"


@pytest.fixture
def study(root: Path, forked: Processes, packages: Path) -> Study:
    shutil.copytree(packages, root / "outputs")
    return Study(root, forked)


# Code

EDITS = {
    **{
        name: COUNTS[name]
        for name in (
            "the body of run()",
            "a constant of a module",
            "a parameter's default",
            "a helper two modules away",
            "registered by a decorator",
            "JSON read at import",
        )
    },
    "unsure": UNSURE["looked up in a package's namespace"],
}


@pytest.mark.parametrize("case", variants(EDITS, 2))
def test_an_edit_computes_again_what_reaches_it_and_what_follows(case: Case, study: Study) -> None:
    study.write(case, 2)
    assert study.build() == (BEFORE, ALL)
    assert study.build() == (BEFORE, set())
    study.write(case, 5)
    result, ran = study.build()
    assert result == AFTER
    assert ran >= FOLLOWS
    assert study.build() == (AFTER, set())
    study.write(case, 2)
    assert study.build() == (BEFORE, set())


def test_another_thing_by_the_same_name_computes_it_again(study: Study) -> None:
    before, after = SWAPPED["another function by the same name"]
    study.write(before, 0)
    assert study.build() == (BEFORE, ALL)
    study.write(after, 0)
    assert study.build() == (AFTER, FOLLOWS)


@pytest.mark.parametrize("name", ["a comment", "an unrelated task", "a docstring"])
def test_an_edit_of_what_no_task_reaches_computes_nothing(name: str, study: Study) -> None:
    study.write(IGNORED[name], 2)
    assert study.build() == (BEFORE, ALL)
    study.write(IGNORED[name], 5)
    assert study.build() == (BEFORE, set())


@pytest.mark.parametrize("move", [shutil.copytree, shutil.move])
def test_another_checkout_of_the_same_project_computes_nothing(
    move: Callable[[Path, Path], object], study: Study
) -> None:
    assert study.build() == (BEFORE, ALL)
    move(study.root, study.root.parent / "elsewhere" / "clone")
    study.root = study.root.parent / "elsewhere" / "clone"
    assert study.build() == (BEFORE, set())


def test_what_python_compiled_before_labkart_was_imported_counts_as_unknown_and_is_read_anew(
    root: Path,
) -> None:
    with processes() as plain:  # they have not imported Labkart
        study = Study(root, plain)
        entry = study.root / "src/study/__init__.py"
        entry.write_text("RATE = 2\n")
        times = entry.stat()
        assert study.build(first="import study") == (BEFORE, ALL)
        entry.write_text("RATE = 5\n")
        os.utime(entry, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert study.build(first="import study") == (BEFORE, ALL)
        assert study.build(first="import study") == (BEFORE, set())


# Parameters, data, packages


def test_another_parameter_computes_it_again_and_the_first_one_is_found_again(study: Study) -> None:
    study.write({"scale.py": task("x * self.rate", "rate = luigi.IntParameter(default=2)")}, 0)
    assert study.build("scale.Scale()") == (12, {"Load", "Scale"})
    assert study.build("scale.Scale(rate=5)") == (30, {"Scale"})
    assert study.build("scale.Scale(rate=2)") == (12, set())


def test_another_seed_computes_it_again(study: Study) -> None:
    study.write({"scale.py": task("random.randint(0, 10**6)", "seed = luigi.IntParameter()")}, 0)
    for seed in (0, 1):
        drawn = random.Random(seed).randint(0, 10**6)
        assert study.build(f"scale.Scale(seed={seed})") == (
            drawn,
            {"Scale"} | ({"Load"} if not seed else set()),
        )
        assert study.build(f"scale.Scale(seed={seed})") == (drawn, set())


def test_declared_data_of_another_content_is_read_again(study: Study) -> None:
    file = study.root / "data/raw/a.txt"
    study.write({"load.py": LOADS["a file"], "../../data/raw/a.txt": "6"}, 0)
    times = file.stat()
    assert study.build() == (BEFORE, ALL)
    overwrite(file, "9")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert study.build() == (BEFORE + 6, ALL - {"Other"})


def test_a_new_file_in_a_declared_folder_is_read(study: Study) -> None:
    edit, total = FOLDERS["a new file"]
    files = {"../../data/raw/a.txt": "2", "../../data/raw/deep/b.txt": "4"}
    study.write({"load.py": LOADS["a folder"], **files}, 0)
    assert study.build() == (BEFORE, ALL)
    edit(study.root / "data/raw")
    assert study.build() == (2 * total + 1100, ALL - {"Other"})


def test_a_file_that_was_read_and_not_declared_counts_too(study: Study) -> None:
    study.write(
        {
            "way.py": "from pathlib import Path\ndef scaled(x):\n    return x * int(Path('rate.txt').read_text())\n",
            "../../rate.txt": "2",
        },
        0,
    )
    assert study.build("scale.Scale()") == (12, {"Load", "Scale"})
    assert study.build("scale.Scale()") == (12, set())
    write(study.root, **{"rate.txt": "5"})
    assert study.build("scale.Scale()") == (30, {"Scale"})


def test_another_version_of_a_package_that_is_imported_computes_it_again(study: Study) -> None:
    install(study, DEP, 2)
    study.write(INSTALLED["in the task"][1], 0)
    assert study.build() == (BEFORE, ALL)
    assert study.build() == (BEFORE, set())
    install(study, DEP, 5)
    assert study.build() == (AFTER, FOLLOWS)


# Outputs

KEPT = """
from pathlib import Path
import luigi, numpy as np, pandas as pd
from labkart import Task
from .trace import ran

TABLE = pd.DataFrame({"a": [1, 2, 3]})
VALUES = {"pkl": [1, 2, 3], "txt": "123", "gz": "123", "npz": np.array([1, 2, 3]), "several": [1, 2, 3]}

def save(value, path):
    Path(path).write_text("".join(map(str, value["a"])))

def load(path):
    return Path(path).read_text()

def total(value):
    if isinstance(value, pd.DataFrame):
        return value["a"].sum()
    return sum(map(int, "".join(value) if isinstance(value, str) or isinstance(value[0], str) else value))

class Kept(Task):
    kind = luigi.Parameter()

    def output(self):
        if self.kind == "model":
            return self.make_model_target("kept.zip", save, load)
        if self.kind == "large":
            return self.make_large_data_frame_target("kept.zip", max_byte=16)
        if self.kind == "several":
            return {"a": self.make_target("kept.pkl"), "b": self.make_target("kept.csv")}
        return self.make_target(f"kept.{self.kind}")

    def run(self):
        ran(self)
        if self.kind == "several":
            self.dump([1, 2, 3], "a")
            self.dump(TABLE, "b")
        else:
            self.dump(VALUES.get(self.kind, TABLE))

class Total(Task):
    kind = luigi.Parameter()

    def requires(self):
        return Kept(kind=self.kind)

    def run(self):
        ran(self)
        value = self.load()
        self.dump(int(total(value["b"] if self.kind == "several" else value)))
"""
KINDS = [
    "csv",
    "feather",
    "gz",
    "json",
    "large",
    "model",
    "npz",
    "parquet",
    "pkl",
    "several",
    "tsv",
    "txt",
]


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def flip_inside(file: Path) -> None:
    """Change a byte of the first file in an archive, which stays sound."""
    with zipfile.ZipFile(file) as archive:
        files = {each: bytearray(archive.read(each)) for each in archive.namelist()}
    next(content for content in files.values() if content)[-1] ^= 1
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, bytes(content))


DAMAGES = [Path.unlink, empty, flip, truncate]
PAIRS = [(kind, damage) for kind in KINDS for damage in DAMAGES]
PAIRS += [(kind, flip_inside) for kind in ("large", "model", "npz")]
DAMAGED = {f"{kind}-{damage.__name__}": (kind, damage) for kind, damage in PAIRS}


@pytest.fixture(scope="module")
def kept(forked: Processes, packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Studies in which a task has written an output, one for each kind of output."""
    folder = tmp_path_factory.mktemp("kept")
    for kind in KINDS:
        write(folder / kind, **FILES)
        shutil.copytree(packages, folder / kind / "outputs")
        study = Study(folder / kind, forked)
        study.write({"kept.py": KEPT}, 0)
        assert study.build(f"kept.Total(kind='{kind}')") == (6, {"Kept", "Total"})
    return folder


def copy_outputs(project: Path, root: Path) -> None:
    """Copy a project without its bytecode: Labkart, imported here, lets nobody open what is older than its code."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project, root, ignore=ignore, dirs_exist_ok=True)


@pytest.mark.parametrize(("kind", "damage"), variants(DAMAGED, 4))
def test_an_output_that_was_damaged_is_computed_again(
    kind: str, damage: Callable[[Path], None], kept: Path, root: Path, forked: Processes
) -> None:
    copy_outputs(kept / kind, root)
    study, task = Study(root, forked), f"kept.Total(kind='{kind}')"
    file = max(root.glob("outputs/cache/**/kept_*"), key=lambda file: file.suffix)
    times = file.stat()
    damage(file)
    if file.exists():
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    next(root.glob("outputs/cache/**/Total_*")).unlink()
    assert study.build(task) == (6, {"Kept", "Total"})
    if damage is flip:  # what was computed again is kept as always, whatever the damage was
        assert study.build(task) == (6, set())


def test_outputs_that_were_copied_are_found(kept: Path, root: Path, forked: Processes) -> None:
    """Without this, the test above would prove nothing of damage."""
    for kind in KINDS:
        copy_outputs(kept / kind, root)
        assert Study(root, forked).build(f"kept.Total(kind='{kind}')") == (6, set())


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_result_that_was_damaged_is_computed_again_alone(
    damage: Callable[[Path], None], study: Study
) -> None:
    assert study.build() == (BEFORE, ALL)
    damage(next(study.root.glob("outputs/cache/**/Report_*")))
    assert study.build() == (BEFORE, {"Report"})


def test_an_output_that_was_touched_or_copied_back_computes_nothing(study: Study) -> None:
    assert study.build() == (BEFORE, ALL)
    for file in study.root.glob("outputs/cache/**/*.pkl"):
        replace(file.with_name("copy"), "")
        file.with_name("copy").write_bytes(file.read_bytes())
        file.with_name("copy").replace(file)
        os.utime(file, (0, 0))
    assert study.build() == (BEFORE, set())
