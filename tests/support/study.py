"""A project of four tasks to edit: which ids its tasks have in a new process, and which bodies a build runs."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import Processes
from tests.support.tiny import write

# Load -> Scale -> Sum -> Report <- Other, and 6 * 2 + 100 + 1000. Each case has its own Scale.
STUDY = {
    "__init__.py": "",
    "trace.py": """
import os

def ran(task):
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{type(task).__name__} ")
""",
    "load.py": """
from labkart import Task
from .trace import ran

class Load(Task):
    def run(self):
        ran(self)
        self.dump(6)

class Other(Task):
    def run(self):
        ran(self)
        self.dump(1000)
""",
    "report.py": """
from labkart import Task
from .load import Other
from .scale import Scale
from .trace import ran

class Sum(Task):
    def requires(self):
        return Scale()

    def run(self):
        ran(self)
        self.dump(self.load() + 100)

class Report(Task):
    def requires(self):
        return {"sum": Sum(), "other": Other()}

    def run(self):
        ran(self)
        self.dump(self.load("sum") + self.load("other"))
""",
}

HEAD = """
import dataclasses, enum, functools, math, random
import luigi
from labkart import Task
from .load import Load
from .trace import ran
"""


def task(expression: str, members: str = "", head: str = "", bases: str = "Task") -> str:
    """The module of Scale, whose result is an expression of x, which is 6."""
    lines = [
        HEAD,
        head,
        f"class Scale({bases}):",
        *(f"    {line}" for line in members.splitlines()),
    ]
    run = [
        "    def requires(self):",
        "        return Load()",
        "    def run(self):",
        "        ran(self)",
        "        x = self.load()",
    ]
    return "\n".join([*lines, *run, f"        self.dump({expression})", ""])


WAY = task("scaled(x)", head="from .way import scaled")
FOLLOWS = {"Scale", "Sum", "Report"}
ALL = {"Load", "Other"} | FOLLOWS
BEFORE, AFTER = 1112, 1130

# The file way.py, with its function `scaled(x)`, or files below the package. The sign § stands for
# 2 at first, and then for 5.
Case = str | dict[str, str]

WHOLE: Case = {"scale.py": WAY, "way.py": "def scaled(x):\n    return x * 2\n", **STUDY}

# What a process imports before it imports the study, so that a fork of it starts in no time.
LIBRARIES = (
    "hydra.utils",
    "labkart.fingerprint.snapshot",
    "labkart.tasks.data_files",
    "labkart.tasks.task",
    "packaging.requirements",
    "pyarrow.csv",
    "tests.support.looks",
)


@dataclass(frozen=True)
class Look:
    """What a new process knows of the tasks, before it runs any: their ids, and what they would compute."""

    ids: dict[str, str]
    result: int

    def changed(self, since: "Look") -> set[str]:
        """The tasks that a build would run after one that saw the ids of `since`."""
        return {name for name, id in self.ids.items() if since.ids.get(name) != id}


class Study:
    """A project of one's own, whose tasks are looked at and built in new processes."""

    def __init__(self, root: Path, server: Processes) -> None:
        self.root, self.trace, self._server = root, root.parent / "trace", server
        self.packages = root.parent / "lib" / "site-packages"
        self.write(WHOLE, 0)

    def write(self, case: Case, number: object) -> None:
        write(self.root, **_files(case, number))

    def look(self, task: str = "report.Report()", first: str = "pass") -> Look:
        """Ask a new process, which imports the study and builds nothing."""
        (look,) = self._looks([{}], task, first)
        return look

    def looks(self, *edits: tuple[Case, object]) -> list[Look]:
        """Ask one process after each edit, which imports the study anew and has forgotten the earlier code."""
        return self._looks([_files(case, number) for case, number in edits])

    def _looks(
        self, edits: list[dict[str, str]], task: str = "report.Report()", first: str = "pass"
    ) -> list[Look]:
        code = f"from tests.support.looks import print_looks; print_looks({edits}, {task!r})"
        printed = self._server.python(
            f"{first}\n{code}", self.root, self.packages, TRACE=os.devnull
        )
        return [Look(*look) for look in json.loads(printed.splitlines()[-1])]

    def build(self, task: str = "report.Report()", first: str = "pass") -> tuple[int, set[str]]:
        """The result of a task in a new process, and the tasks of which the bodies ran."""
        self.trace.write_text("")
        module = task.partition(".")[0]
        code = (
            f"import gokart, labkart.fingerprint.imports; from study import {module}; print();"
            f" print(gokart.build({task}, log_level=50))"
        )
        printed = self._server.python(
            f"{first}\n{code}", self.root, self.packages, TRACE=str(self.trace)
        )
        ran = self.trace.read_text().split()
        assert len(ran) == len(set(ran)), f"a body ran twice: {ran}"
        return int(printed.splitlines()[-1]), set(ran)


def looks_of_all(
    studies: dict[str, list[tuple[Case, object]]], server: Processes, folder: Path
) -> dict[str, list[Look] | str]:
    """The looks at many studies after each of their edits, by one process; or what a study raised."""
    whole = _files(WHOLE, 0)
    edits = {
        name: [{**whole, **_files(*first)}, *(_files(*edit) for edit in edited)]
        for name, (first, *edited) in studies.items()
    }
    code = (
        "from tests.support.looks import print_looks_of_all;"
        f" print_looks_of_all({edits}, 'report.Report()')"
    )
    printed = server.python(code, folder, TRACE=os.devnull)
    found: dict[str, list[Any] | str] = json.loads(printed.splitlines()[-1])
    return {
        name: looks if isinstance(looks, str) else [Look(*look) for look in looks]
        for name, looks in found.items()
    }


def _files(case: Case, number: object) -> dict[str, str]:
    """The files of a case by their paths in the project."""
    files = case if isinstance(case, dict) else {"way.py": case}
    return {f"src/study/{name}": text.replace("§", str(number)) for name, text in files.items()}


def overwrite(file: Path, text: str) -> None:
    with file.open("r+") as opened:
        opened.write(text)


def replace(file: Path, text: str) -> None:
    other = file.with_name("other")
    other.write_text(text)
    other.replace(file)


def install(study: Study, package: dict[str, str], number: int) -> None:
    """Have another version of a package, and no other."""
    shutil.rmtree(study.packages, ignore_errors=True)
    for key, text in package.items():
        name = key.replace("§", str(number))
        write(study.packages, **{name: text.replace("§", str(number))})
        # Else Python takes what it compiled of the other one.
        os.utime(study.packages / name, (number, number))
