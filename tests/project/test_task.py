"""Tasks in processes of their own: computed once, found again after a kill, told apart by code."""

from pathlib import Path

import pytest

from tests.support.tiny import python, start, write

pytestmark = pytest.mark.usefixtures("root")


def computed() -> int:
    """How often a task has called `compute`."""
    return len(Path("computed").read_text()) if Path("computed").exists() else 0


STUDY = """\
import os, signal, time
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


def test_classes_of_one_name_in_two_modules_are_two_tasks(root: Path) -> None:
    code = "import labkart\n\n\nclass Train(labkart.Task):\n    def run(self):\n        self.dump(__name__)\n"
    write(root, **{"src/study/__init__.py": "", "src/study/a.py": code, "src/study/b.py": code})
    build = "print([gokart.build(module.Train(), log_level=50) for module in (a, b)])"
    assert (
        python(f"import gokart; from study import a, b; {build}", root) == "['study.a', 'study.b']"
    )


@pytest.mark.parametrize("name", ["Plain", "Generator"])
def test_two_processes_compute_a_task_once_and_both_have_its_result(name: str, root: Path) -> None:
    write(root, **{"src/study/__init__.py": STUDY})
    both = [start(f"import study; study.together(study.{name}())", root) for _ in range(2)]
    printed = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert computed() == 1
    assert printed[0][0] == printed[1][0] != ""


def test_a_killed_process_leaves_no_complete_task_and_no_closed_door(root: Path) -> None:
    write(root, **{"src/study/__init__.py": STUDY})
    build = "import gokart, study; task = study.Killed(); print(task.complete(), gokart.build(task, log_level=50), task.complete())"
    killed = start(build, root)
    killed.communicate(timeout=60)
    assert killed.returncode == -9
    assert python(build, root) == "False 5 True"
    assert computed() == 2


def test_an_edit_of_the_code_makes_another_task_of_it(root: Path) -> None:
    write(root, **{"src/study/__init__.py": STUDY})
    identity = "import study; print(study.Killed().make_unique_id())"
    before = python(identity, root)
    assert python(identity, root) == before
    write(root, **{"src/study/__init__.py": STUDY.replace("self.dump(5)", "self.dump(6)")})
    assert python(identity, root) != before
