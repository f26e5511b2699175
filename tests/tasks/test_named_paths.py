"""A path of the project that a task names counts and is told, whoever reads it; no other text is."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import luigi
import pandas as pd
import pytest

from labkart import LabkartError, Task
from labkart.records.record import TaskRecord
from labkart.tasks import named_paths
from labkart.tasks.task import describe_damage
from tests.support.tiny import write

HEAD = """\
from pathlib import Path
import luigi
import pyarrow.csv, pyarrow.dataset, pyarrow.parquet
from pyarrow.csv import read_csv as read
from labkart import DataFile, DataFolder, Task

def query(text):
    "Stands for a database that reads files by itself."
    return text

class Train(Task):
    name = luigi.StrParameter(default="a")
    def run(self):
        BODY
        self.dump(1)
"""


@pytest.fixture(autouse=True)
def data(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_paths, "_reported", set())
    frame = pd.DataFrame({"x": [1, 2]})
    write(root, **{"data/raw/x.csv": "x\n1\n2\n", "table.csv": "x\n1\n", "README.md": "# Tiny"})
    write(root, **{"data/raw/parts/a.csv": "x\n1\n", "data/raw/parts/b.csv": "x\n2\n"})
    write(root, **{"model/x": "1", "tests/test_x.py": "", "reports/table.md": "x"})
    frame.to_parquet(root / "data/raw/x.parquet")


@pytest.fixture
def train(student: Callable[[str], ModuleType]) -> Callable[..., Any]:
    def made(body: str, **values: Any) -> Any:
        return student(HEAD.replace("BODY", body)).Train(**values)

    return made


def recorded(task: Task[Any]) -> TaskRecord:
    last = task.last_record()
    assert last
    return last


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    name = "labkart.tasks.file_access"
    return [record.getMessage() for record in caplog.records if record.name == name]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('pyarrow.csv.read_csv("data/raw/x.csv")', "data/raw/x.csv"),
        ('read("data/raw/x.csv")', "data/raw/x.csv"),
        ('read(str(Path("data/raw/x.csv")))', "data/raw/x.csv"),
        ('pyarrow.parquet.read_table("./data/raw/x.parquet")', "data/raw/x.parquet"),
        ('pyarrow.parquet.read_table("data/../data/raw/x.parquet")', "data/raw/x.parquet"),
        ('read("table.csv")', "table.csv"),
        ('pyarrow.dataset.dataset("data/raw/parts", format="csv")', "data/raw/parts"),
        ('pyarrow.dataset.dataset("data/raw/parts/", format="csv")', "data/raw/parts"),
        ("""query("SELECT * FROM 'data/raw/x.csv' WHERE x > 1")""", "data/raw/x.csv"),
        ("""query('SELECT x FROM read_csv("data/raw/x.csv")')""", "data/raw/x.csv"),
        ('query("data/raw/parts/*.csv")', "data/raw/parts"),
        ("""query("SELECT * FROM 'data/raw/parts/*.csv'")""", "data/raw/parts"),
        ("query('''\n-- x\nSELECT *\nFROM \"data/raw/x.csv\"\n''')", "data/raw/x.csv"),
        ("""query(f"SELECT {self.name} FROM 'data/raw/x.csv' LIMIT 1")""", "data/raw/x.csv"),
        ("""query(f"SELECT {read('data/raw/x.csv')}")""", "data/raw/x.csv"),
    ],
)
def test_a_path_in_code_is_told_and_counts(
    body: str, path: str, root: Path, train: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = train(body)
    task.run()
    assert [state.path for state in recorded(task).undeclared] == [path]
    kind = "DataFolder" if path.endswith("parts") else "DataFile"
    name = Path(path).stem
    assert warnings(caplog) == [
        f"Train names {path} in src/{type(task).__module__}.py:14 without declaring it. "
        f'Add "{name}: {kind} = {kind}()" to Train, "{name}: {path}" to its settings in conf/, '
        f"and read self.{name}."
    ]
    assert task.complete()
    task.run()
    assert len(warnings(caplog)) == 1  # once
    changed = root / path / "new.csv" if kind == "DataFolder" else root / path
    changed.write_text("x\n5\n")
    assert not task.complete()
    assert describe_damage(task, recorded(task)) == f"{path} changed"


@pytest.mark.parametrize(
    "body",
    [
        'query("data")',  # a word
        'query("model")',
        'query("README.md")',
        'query("README.md: data/raw/x.csv is data")',  # a sentence
        'query("data/raw/missing.csv")',
        'query("https://example.org/data/raw/x.csv")',
        'query("train/loss")',
        'query("reports/table.md")',
        'query("tests/test_x.py")',
        'query("tests")',
        'query("src/")',
        'query("/")',
        'query("./")',
        'query("..")',
        'query("")',
        'query(".csv")',
        'query("/etc/hostname")',
        r'query("data/raw/x.csv\ndata")',
        'query("x" * 10_000)',
        r'query("a\0/b.csv")',
        f'query("{"a" * 300}/b.csv")',
        'Path("data/new.csv").write_text("x"); Path("data/new.csv").read_text()',
        'Path("data/interim").mkdir(exist_ok=True); Path("data/interim/a.csv").write_text("x")',
    ],
)
def test_what_names_no_data_is_not_told(
    body: str, train: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    task = train(body)
    task.run()
    assert (warnings(caplog), recorded(task).undeclared) == ([], [])
    assert task.complete()


DECLARES = """\
from pathlib import Path
from labkart import DataFile, DataFolder, Task

RAW = "data/raw"

class Train(Task):
    table = DataFile(default=Path("data/raw/x.csv"))
    other = DataFile(default=Path("table.csv"))
    parts = DataFolder(default=Path("data/raw/parts"))
    def run(self):
        Path(RAW) / "x.csv", "data/raw/x.csv", "data/raw/parts/a.csv"
        self.dump(1)
"""


def test_what_a_task_declares_is_not_told_where_it_is_named_too(
    student: Callable[[str], ModuleType], caplog: pytest.LogCaptureFixture
) -> None:
    module = student(DECLARES)
    module.Train(table=Path("data/raw/parts/a.csv")).run()
    task = module.Train()
    task.run()
    assert (warnings(caplog), recorded(task).undeclared) == ([], [])


class Pointing(Task[int]):
    """Names a file in a parameter, and gives it to a reader that Python does not see."""

    file: luigi.Parameter[Any] = luigi.Parameter(default="")
    path: luigi.PathParameter = luigi.PathParameter(default=Path())
    several: luigi.ListParameter[Any] = luigi.ListParameter(default=())
    named: luigi.DictParameter = luigi.DictParameter(default={})

    def run(self) -> None:
        self.dump(1)


@pytest.fixture
def no_literals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The literals of this file are those of its tests."""
    monkeypatch.setattr(named_paths, "_code_texts", lambda _: ())


@pytest.mark.usefixtures("no_literals")
@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("file", "data/raw/x.csv", "data/raw/x.csv"),
        ("file", "absolute", "data/raw/x.csv"),
        ("file", "table.csv", "table.csv"),
        ("file", "data/raw/parts", "data/raw/parts"),
        ("path", Path("data/raw/x.csv"), "data/raw/x.csv"),
    ],
)
def test_a_path_in_a_parameter_is_told_and_counts(
    name: str, value: Any, path: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task = Pointing(**{name: str(root / path) if value == "absolute" else value})
    task.run()
    assert [state.path for state in recorded(task).undeclared] == [path]
    kind = "DataFolder" if path.endswith("parts") else "DataFile"
    remedy = f'Declare "{name}: {kind} = {kind}()" in Pointing.'
    assert warnings(caplog) == [f"Pointing.{name} names {path} without declaring it. {remedy}"]
    assert task.complete()
    changed = root / path / "a.csv" if kind == "DataFolder" else root / path
    changed.write_text("x\n5\n")
    assert not task.complete()


@pytest.mark.usefixtures("no_literals")
@pytest.mark.parametrize(
    "values",
    [{"several": ["data/raw/x.csv"]}, {"named": {"a": {"b": ["data/raw/x.csv"]}}}],
)
def test_a_path_in_a_list_or_dictionary_is_told_with_a_parameter_to_add(
    values: Any, caplog: pytest.LogCaptureFixture
) -> None:
    Pointing(**values).run()
    assert len(warnings(caplog)) == 1
    assert (
        'Add "x: DataFile = DataFile()" to Pointing, "x: data/raw/x.csv" to its'
        in warnings(caplog)[0]
    )


@pytest.mark.usefixtures("no_literals")
@pytest.mark.parametrize(
    "value", ["data", "model", "README.md", "a", "missing.csv", "outputs/x", "reports/table.md"]
)
def test_a_value_that_names_no_data_is_not_told(
    value: str, caplog: pytest.LogCaptureFixture
) -> None:
    task = Pointing(file=value)
    task.run()
    assert (warnings(caplog), recorded(task).undeclared) == ([], [])


@pytest.mark.usefixtures("no_literals")
def test_in_ci_a_path_that_is_not_declared_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(LabkartError, match=r"^Pointing\.file names data/raw/x\.csv without"):
        Pointing(file="data/raw/x.csv").run()


def test_a_file_that_comes_after_a_run_counts(root: Path, train: Callable[..., Any]) -> None:
    task = train('self.log_metric("new", int(Path("data/raw/optional.csv").exists()))')
    task.run()
    assert task.complete()
    write(root, **{"data/raw/optional.csv": "x"})
    assert not task.complete()
    assert describe_damage(task, recorded(task)) == "data/raw/optional.csv is new"
    task.run()
    assert task.complete()


def test_a_file_that_comes_after_a_run_counts_for_what_follows(
    root: Path, student: Callable[[str], ModuleType]
) -> None:
    body = 'self.log_metric("new", int(Path("data/raw/optional.csv").exists()))'
    report = "class Report(Task):\n    def requires(self):\n        return Train()\n    def run(self):\n        self.dump(1)\n"
    module = student(HEAD.replace("BODY", body) + report)
    module.Train().run()
    module.Report().run()
    write(root, **{"data/raw/optional.csv": "x"})
    assert not module.Report().complete()
    module.Train().run()
    module.Report().run()
    assert module.Report().complete()


LINK = """
class Link(Task):
    above = luigi.TaskParameter()
    def requires(self):
        return self.above
    def run(self):
        self.dump(1)
"""


@pytest.mark.thorough
def test_a_new_file_counts_at_the_end_of_a_chain_that_is_longer_than_pythons_stack(
    root: Path, student: Callable[[str], ModuleType]
) -> None:
    module = student(HEAD.replace("BODY", 'Path("data/raw/optional.csv").exists()') + LINK)
    task = module.Train()
    task.run()
    for _ in range(1200):
        task = module.Link(above=task)
    last = recorded(module.Train())
    write(root, **{"data/raw/optional.csv": "x"})
    assert named_paths.describe_new(task, last) == "data/raw/optional.csv is new"


def test_a_file_that_changes_while_a_task_runs_counts_as_it_was_before(
    root: Path, train: Callable[..., Any]
) -> None:
    task = train('query("data/raw/x.csv"); __import__("study_edit").edit()')
    edit = "import os\ndef edit():\n    os.system('echo 5 >> data/raw/' + 'x' + '.csv')\n"
    write(root, **{"src/study_edit.py": edit})
    task.run()
    assert not task.complete()


AT_IMPORT = """\
from pathlib import Path
from labkart import Task

TEXT = Path("data/raw/x.csv").read_text()

class Train(Task):
    def run(self):
        self.dump(TEXT)
"""


def test_a_file_that_a_module_reads_when_it_is_imported_is_in_the_id(
    student: Callable[[str], ModuleType], caplog: pytest.LogCaptureFixture
) -> None:
    task = student(AT_IMPORT).Train()
    task.run()
    assert (warnings(caplog), recorded(task).undeclared) == ([], [])
