"""Tasks in processes of their own: computed once, found again after a kill, told apart by code."""

import json
from pathlib import Path

import pytest

from tests.support.processes import Processes
from tests.support.tiny import python, soon, start, write
from tests.support.variants import variants

pytestmark = pytest.mark.usefixtures("root")


def computed() -> int:
    """How often a task has called `compute`."""
    return len(Path("computed").read_text()) if Path("computed").exists() else 0


STUDY = """\
import os, signal, time
import json
from pathlib import Path
import gokart, luigi
from labkart import Task

def compute(wait=0):
    with Path("computed").open("a") as file:
        file.write(".")
    end = time.monotonic() + wait
    while Path("computed").stat().st_size < 2 and time.monotonic() < end:
        time.sleep(0.01)

class Plain(Task):
    def run(self):
        compute(wait=1)
        self.dump(os.getpid())

class Generator(Task):
    def run(self):
        compute(wait=1)
        self.dump(os.getpid())
        yield from ()

class Killed(Task):
    def run(self):
        compute()
        self.dump(5)
        if Path("computed").stat().st_size == 1:
            os.kill(os.getpid(), signal.SIGKILL)

def together(task):
    Path(f"ready-{os.getpid()}").touch()
    while len(list(Path().glob("ready-*"))) < 2:
        time.sleep(0.01)
    print(gokart.build(task, log_level=50))
"""


def test_classes_of_one_name_in_two_modules_are_two_tasks(root: Path, forked: Processes) -> None:
    code = "import labkart\n\n\nclass Train(labkart.Task):\n    def run(self):\n        self.dump(__name__)\n"
    write(root, **{"src/study/__init__.py": "", "src/study/a.py": code, "src/study/b.py": code})
    build = "print([gokart.build(module.Train(), log_level=50) for module in (a, b)])"
    printed = forked.python(f"import gokart; from study import a, b; {build}", root)
    assert printed == "['study.a', 'study.b']"


@pytest.mark.parametrize("name", variants(["Plain", "Generator"]))
def test_two_processes_compute_a_task_once_and_both_have_its_result(name: str, root: Path) -> None:
    write(root, **{"src/study/__init__.py": STUDY})
    both = [start(f"import study; study.together(study.{name}())", root) for _ in range(2)]
    printed = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert computed() == 1
    assert printed[0][0] == printed[1][0] != ""


def test_a_killed_process_leaves_no_complete_task_and_no_closed_door(
    root: Path, forked: Processes
) -> None:
    write(root, **{"src/study/__init__.py": STUDY})
    build = "import gokart, study; task = study.Killed(); print(task.complete(), gokart.build(task, log_level=50), task.complete())"
    assert forked.run(build, root).returncode == -9
    assert forked.python(build, root) == "False 5 True"
    assert computed() == 2


def test_an_edit_of_the_code_makes_another_task_of_it(root: Path, forked: Processes) -> None:
    write(root, **{"src/study/__init__.py": STUDY})
    identity = "import study; print(study.Killed().make_unique_id())"
    before = forked.python(identity, root)
    assert forked.python(identity, root) == before
    write(root, **{"src/study/__init__.py": STUDY.replace("self.dump(5)", "self.dump(6)")})
    assert forked.python(identity, root) != before


# A file is saved while its task runs

TRAIN = """\
import time
import json
from pathlib import Path
from labkart import Task

RATE = 2

class Train(Task):
    def run(self):
        Path("started").touch()
        while not Path("saved").exists():
            time.sleep(0.01)
        from . import late
        yield Helper()  # planned only now
        with Path("computed").open("a") as file:
            file.write(".")
        self.dump(RATE * late.RATE)

class Helper(Task):
    def run(self):
        self.dump(RATE)
"""
BUILD = "import gokart; from study.train import Train; print(gokart.build(Train(), log_level=50, reset_register=False))"


def trained(root: Path, edits: dict[str, str]) -> tuple[str, str]:
    """What a new process prints, and its errors, if files are saved while the task runs."""
    process = start(BUILD, root)
    soon((root / "started").exists)
    write(root, **edits)
    (root / "saved").touch()
    printed, errors = process.communicate(timeout=300)
    return printed.strip(), errors


@pytest.mark.parametrize(
    ("edits", "following", "computations"),
    [
        ({"src/study/train.py": TRAIN.replace("RATE = 2", "RATE = 5")}, "35", 2),
        (
            {
                "src/study/train.py": TRAIN + "# TODO\nclass Other(Task): ...\n",
                "src/study/late.py": "RATE = 7\n",
                "src/study/new.py": "x = 1\n",
                "src/study/__init__.py": "y = 1\n",
            },
            "14",
            1,
        ),
    ],
    ids=["another constant", "nothing that counts"],
)
def test_a_file_that_is_saved_while_its_task_runs_costs_no_result(
    edits: dict[str, str], following: str, computations: int, root: Path, forked: Processes
) -> None:
    files = {"__init__": "", "train": TRAIN, "late": "RATE = 7\n"}
    write(root, **{f"src/study/{name}.py": text for name, text in files.items()})
    assert trained(root, edits) == ("14", "")
    (record,) = Path("outputs/records").rglob("Train_*/record.json")
    assert json.loads(record.read_text())["status"] == "done"
    assert forked.python(BUILD, root) == following
    assert computed() == computations
    write(root, **{f"src/study/{name}.py": text for name, text in files.items()})
    again = forked.run(BUILD, root)
    assert (again.stdout.strip(), again.stderr, computed()) == ("14", "", computations)


def test_a_module_that_changed_before_its_first_import_makes_a_result_unknown(
    root: Path, forked: Processes
) -> None:
    files = {"__init__": "", "train": TRAIN, "late": "RATE = 7\n"}
    write(root, **{f"src/study/{name}.py": text for name, text in files.items()})
    assert trained(root, {"src/study/late.py": "RATE = 8\n"})[0] == ""
    (record,) = Path("outputs/records").rglob("Train_*/record.json")
    problem = (
        "src/study/late.py changed after this run was planned, and Train imported it only then"
    )
    assert problem in json.loads(record.read_text())["error"]
    assert forked.python(BUILD, root) == "16"


def test_a_source_folder_with_old_bytecode_is_copied(root: Path) -> None:
    """Python may not load bytecode that is older than its code, but anybody may read it."""
    write(root, **{"src/study/__init__.py": "", "src/study/old.py": "RATE = 2\n"})
    python("import study.old", root)
    write(root, **{"src/study/old.py": "RATE = 5\n"})
    code = "import shutil; import labkart.fingerprint.imports; shutil.copytree('src', 'copy'); import study.old; print(study.old.RATE)"
    assert python(code, root) == "5"
