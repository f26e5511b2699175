"""What changes within one process: in a notebook, at a prompt, in a test that builds the same task twice."""

from pathlib import Path

import pytest

from tests.support.processes import Processes
from tests.support.tiny import write

TASKS = """
import labkart
from pathlib import Path
FACTOR = 2

def scaled(x):
    return x * FACTOR

class Read(labkart.Task):
    table = labkart.DataFile(default=Path("data/raw/table.csv"))
    folder = labkart.DataFolder(default=Path("data/raw"))

    def run(self):
        self.dump(int(self.table.read_text()))

class Scale(labkart.Task):
    def requires(self):
        return Read()

    def run(self):
        print("Scale", end=" ")
        self.dump(scaled(self.load()))

class Sum(labkart.Task):
    def requires(self):
        return Scale()

    def run(self):
        self.dump(self.load() + 100)
"""

HEAD = """
import gokart, importlib, os, time
from pathlib import Path
from my import tasks

def build(task):
    print(gokart.build(task, reset_register=False))

def edit(before, after):
    file = Path(tasks.__file__)
    file.write_text(file.read_text().replace(before, after))
    importlib.invalidate_caches()

def data(text, name="table.csv"):
    Path("data/raw", name).write_text(text)
"""


@pytest.fixture
def study(root: Path) -> Path:
    write(root, **{"src/my/__init__.py": "", "src/my/tasks.py": TASKS, "data/raw/table.csv": "6"})
    return root


@pytest.mark.parametrize("which", ["tasks.Sum()", "kept"])
@pytest.mark.parametrize(
    ("change", "back", "expected"),
    [
        ("data('7')", "data('6')", "114"),
        ("tasks.FACTOR = 3", "tasks.FACTOR = 2", "118"),
        ("tasks.scaled = lambda x: x * 5", "tasks.scaled = kept_function", "130"),
        ("tasks.Scale.run = lambda self: self.dump(1)", "tasks.Scale.run = kept_method", "101"),
        (
            "edit('2', '4'); importlib.reload(tasks); kept = tasks.Sum()",
            "edit('4', '2'); importlib.reload(tasks)",
            "124",
        ),
    ],
)
def test_a_second_build_sees_what_changed(
    which: str, change: str, back: str, expected: str, *, forked: Processes, study: Path
) -> None:
    lines = [
        f"kept, kept_function, kept_method = tasks.Sum(), tasks.scaled, tasks.Scale.run\nbuild({which})",
        f"build({which})",
        f"{change}\nassert not {which}.complete()\nbuild({which})\nbuild({which})",
        f"{back}\nkept = tasks.Sum()\nassert {which}.complete()\nbuild({which})",
    ]
    printed = forked.python(HEAD + "\n".join(lines), study).split()
    assert [each for each in printed if each != "Scale"] == [
        "112",
        "112",
        expected,
        expected,
        "112",
    ]
    assert printed.count("Scale") == 2 - ("Scale.run" in change)


def test_a_file_that_comes_into_a_folder_between_two_builds_counts(
    forked: Processes, study: Path
) -> None:
    lines = "kept = tasks.Sum()\nbuild(kept)\ndata('', 'new.csv')\nassert not kept.complete()\nbuild(kept)\nbuild(kept)"
    assert forked.python(HEAD + lines, study).split() == ["Scale", "112", "Scale", "112", "112"]


def test_data_that_changes_while_tasks_are_built_moves_no_id(
    forked: Processes, study: Path
) -> None:
    write(
        study,
        **{
            "src/my/tasks.py": TASKS.replace(
                'print("Scale", end=" ")', "Path('data/raw/table.csv').write_text('7')"
            )
        },
    )
    lines = "kept = tasks.Sum()\nbuild(kept)\nassert not kept.complete()\nbuild(tasks.Sum())"
    assert forked.python(HEAD + lines, study).split() == ["112", "114"]


CELL = """
FACTOR = 2
def scaled(x):
    return x * FACTOR
class Here(labkart.Task):
    def run(self):
        print("Here", end=" ")
        self.dump(scaled(5))
task = Here()
build(task)
"""


@pytest.mark.parametrize(
    "name", ["<stdin>", "<ipython-input-1-0123>", "/tmp/ipykernel_1/1.py", "<python-input-0>"]
)
def test_what_a_cell_defines_again_counts_for_tasks_of_earlier_cells(
    name: str, forked: Processes, study: Path
) -> None:
    cells = [
        "import labkart\n" + HEAD,
        CELL,
        "build(Here()); build(task)",
        "FACTOR = 3",
        "build(task); build(Here())",
    ]
    code = f"for cell in {cells!r}:\n    exec(compile(cell, {name!r}, 'exec'), globals())"
    assert [each for each in forked.python(code, study).split() if each != "Here"] == [
        "10",
        "10",
        "10",
        "15",
        "15",
    ]


def test_a_notebook_that_loads_code_by_itself_sees_an_edit(forked: Processes, study: Path) -> None:
    cells = [
        "%load_ext autoreload",
        "%autoreload 2",
        HEAD + "kept = tasks.Sum()\nbuild(kept)",
        "edit('FACTOR = 2', 'FACTOR = 30')",
        "build(kept)",
        "build(tasks.Sum())",
        "edit('x * FACTOR', 'x + FACTOR')",
        "build(kept)",
    ]
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        f"shell = InteractiveShell.instance()\nfor cell in {cells!r}:\n    shell.run_cell(cell).raise_error()"
    )
    printed = forked.python(code, study, IPYTHONDIR=str(study / "ipython")).split()
    assert [each for each in printed if each != "Scale"] == ["112", "280", "280", "136"]
