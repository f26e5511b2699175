"""What a task reads is declared: its content is part of the task's id. What is not declared is noticed, with the remedy."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import gokart
import luigi
import numpy as np
import pandas as pd
import pytest
from gokart.build import GokartBuildError

from labkart import DataFile, DataFolder, LabkartError, Task
from labkart.digests import content_digest
from labkart.records.record import TaskRecord
from labkart.tasks import named_paths
from labkart.tasks.task import describe_damage
from tests.support.tiny import write
from tests.support.variants import variants

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture(autouse=True)
def _no_literals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no path be named in code: the reads themselves are noticed (see test_named_paths)."""
    monkeypatch.setattr(named_paths, "_code_texts", lambda _: ())
    monkeypatch.setattr(named_paths, "_reported", set())


@pytest.fixture
def table(root: Path) -> Path:
    write(
        root,
        **{
            "data/raw/table.csv": "x\n1\n2\n",
            "data/raw/images/a.txt": "a",
            "data/raw/images/deep/b.txt": "b",
        },
    )
    return root / "data/raw/table.csv"


def recorded(task: Task[Any]) -> TaskRecord:
    last = task.last_record()
    assert last
    return last


def again(task: Task[Any]) -> Task[Any]:
    """The same task, as the next process makes it."""
    luigi.task_register.Register.clear_instance_cache()
    return type(task)(**task.param_kwargs)


class Total(Task[int]):
    table: DataFile = DataFile(default=Path("data/raw/table.csv"))

    def run(self) -> None:
        self.dump(int(pd.read_csv(self.table)["x"].sum()))


class Names(Task[list[str]]):
    images: DataFolder = DataFolder(default=Path("data/raw/images"))

    def run(self) -> None:
        self.dump(sorted(path.read_text() for path in self.images.rglob("*.txt")))


def test_a_declared_file_is_a_path_from_anywhere_and_recorded_from_the_project(table: Path) -> None:
    task = Total(table="data/raw/table.csv")  # type: ignore[arg-type]
    assert (task.table, task.table.is_absolute()) == (table, True)
    assert gokart.build(task) == 3
    last = recorded(task)
    assert last.data == {"table": {"path": "data/raw/table.csv", "sha256": content_digest(table)}}
    assert (last.params, last.undeclared) == ({"table": "data/raw/table.csv"}, [])


@pytest.mark.parametrize(
    "value", ["data/raw/table.csv", "./data/raw/table.csv", Path("data/raw/table.csv")]
)
def test_a_file_is_the_same_however_it_is_given(value: Any, table: Path) -> None:
    assert (
        Total(table=value).make_unique_id()
        == Total(table=table).make_unique_id()
        == Total().make_unique_id()
    )


def test_a_file_is_found_from_the_project_wherever_the_process_stands(
    root: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "data")
    assert Total(table="data/raw/table.csv").table == table  # type: ignore[arg-type]


def test_the_project_may_lie_elsewhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Total().make_unique_id()
    shutil.copytree(root, tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    assert again(Total()).make_unique_id() == before


def test_other_content_is_another_task_and_the_old_content_the_old_one(table: Path) -> None:
    first = Total()
    assert gokart.build(first) == 3
    before = first.make_unique_id()
    table.write_text("x\n1\n3\n")
    second = again(first)
    assert not second.complete()
    assert gokart.build(second) == 4
    assert second.make_unique_id() != before
    table.write_text("x\n1\n2\n")
    assert again(first).complete()
    assert again(first).make_unique_id() == before


def test_a_file_outside_of_the_project_keeps_its_whole_path(tmp_path: Path) -> None:
    write(tmp_path, **{"disk/table.csv": "x\n5\n"})
    task = Total(table=tmp_path / "disk/table.csv")
    assert gokart.build(task) == 5
    assert recorded(task).data["table"]["path"] == str(tmp_path / "disk/table.csv")
    write(tmp_path, **{"disk/table.csv": "x\n6\n"})
    assert gokart.build(again(task)) == 6


def test_a_link_counts_as_the_file_that_it_leads_to(root: Path, tmp_path: Path) -> None:
    write(tmp_path, **{"disk/table.csv": "x\n5\n", "disk/new.csv": "x\n7\n"})
    link = root / "data/raw/link.csv"
    link.symlink_to(tmp_path / "disk/table.csv")
    task = Total(table=link)
    assert gokart.build(task) == 5
    assert (recorded(task).data["table"]["path"], recorded(task).undeclared) == (
        "data/raw/link.csv",
        [],
    )
    link.unlink()
    link.symlink_to(tmp_path / "disk/new.csv")
    assert gokart.build(again(task)) == 7


def test_a_folder_covers_the_files_at_any_depth(root: Path) -> None:
    task = Names()
    assert gokart.build(task) == ["a", "b"]
    assert (recorded(task).data["images"]["path"], recorded(task).undeclared) == (
        "data/raw/images",
        [],
    )
    write(root, **{"data/raw/images/deep/deeper/c.txt": "c"})
    assert gokart.build(again(task)) == ["a", "b", "c"]


def test_a_renamed_file_in_a_folder_makes_another_task(root: Path) -> None:
    task = Names()
    before = task.make_unique_id()
    (root / "data/raw/images/a.txt").rename(root / "data/raw/images/c.txt")
    assert again(task).make_unique_id() != before


FOLDER = Path("data/raw/images")


@pytest.mark.parametrize(
    "change",
    [
        lambda: (FOLDER / "new.txt").write_text("n"),
        lambda: (FOLDER / ".hidden").write_text(""),
        lambda: (FOLDER / "deep/.gitkeep").write_text(""),
        (FOLDER / "empty").mkdir,
        (FOLDER / ".empty").mkdir,
        (FOLDER / "deep/b.txt").unlink,  # an emptied folder
        lambda: shutil.rmtree(FOLDER / "deep"),
        lambda: (FOLDER / "link").symlink_to("a.txt"),
        lambda: (FOLDER / "link").symlink_to("deep"),
        lambda: (FOLDER / "back").symlink_to("."),
        lambda: os.mkfifo(FOLDER / "pipe"),
        lambda: (FOLDER / "a.txt").rename(FOLDER / "a.txt "),
        lambda: (FOLDER / "A.txt").write_text("a"),
        lambda: (FOLDER / "a.txt").write_text("a\n"),
    ],
)
def test_whatever_comes_into_a_folder_or_goes_makes_another_task(
    change: Callable[[], object],
) -> None:
    task = Names()
    before = task.make_unique_id()
    change()
    assert again(task).make_unique_id() != before


def test_an_empty_folder_that_comes_or_goes_inside_an_empty_one_makes_another_task() -> None:
    shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    ids = [again(Names()).make_unique_id()]
    for name in ("one", "one/two"):
        (FOLDER / name).mkdir()
        ids.append(again(Names()).make_unique_id())
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda: (FOLDER / "a.txt").chmod(0o755),
        lambda: (FOLDER / "deep").chmod(0o700),
        lambda: os.utime(FOLDER / "a.txt"),
        lambda: (FOLDER / "a.txt").write_text("a"),
    ],
)
def test_permissions_and_times_in_a_folder_make_no_other_task(
    change: Callable[[], object],
) -> None:
    task = Names()
    before = task.make_unique_id()
    change()
    assert again(task).make_unique_id() == before


def test_a_link_in_a_folder_that_leads_to_another_file_makes_another_task(tmp_path: Path) -> None:
    write(tmp_path, **{"disk/a": "1", "disk/b": "2"})
    (FOLDER / "link").symlink_to(tmp_path / "disk/a")
    before = again(Names()).make_unique_id()
    (FOLDER / "link").unlink()
    (FOLDER / "link").symlink_to(tmp_path / "disk/b")
    assert again(Names()).make_unique_id() != before
    (FOLDER / "link").unlink()
    (FOLDER / "link").write_text("1")
    assert again(Names()).make_unique_id() == before


def test_what_a_system_leaves_in_a_folder_makes_no_other_task(root: Path) -> None:
    task = Names()
    before = task.make_unique_id()
    write(root, **{"data/raw/images/.DS_Store": "seen"})
    assert again(task).make_unique_id() == before


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: Total(table="data/no.csv"),
            "Total.table: data/no.csv does not exist. Put the file there",
        ),
        (
            lambda: Total(table="data/raw"),
            "Total.table: data/raw is not a file. Set another path in conf/.",
        ),
        (
            lambda: Names(images="data/no"),
            "Names.images: data/no does not exist. Put the folder there",
        ),
        (
            lambda: Names(images="data/raw/table.csv"),
            "Names.images: data/raw/table.csv is not a folder.",
        ),
    ],
)
def test_data_that_is_not_there_is_said_in_a_sentence(
    make: Callable[[], Task[Any]], said: str
) -> None:
    with pytest.raises(LabkartError) as caught:
        make().make_unique_id()
    assert str(caught.value).startswith(said)


def test_a_folder_with_a_link_to_nowhere_is_said_in_a_sentence(root: Path) -> None:
    (root / "data/raw/images/broken").symlink_to("nowhere")
    with pytest.raises(
        LabkartError, match=r"^Names\.images: data/raw/images cannot be read: No such file"
    ):
        Names().make_unique_id()


class Careless(Task[int]):
    """Its data changes while it runs."""

    table: DataFile = DataFile(default=Path("data/raw/table.csv"))
    images: DataFolder = DataFolder(default=Path("data/raw/images"))
    changes: luigi.StrParameter = luigi.StrParameter()

    def run(self) -> None:
        Path(self.changes).write_text("x\n3\n4\n")
        self.dump(int(pd.read_csv(self.table)["x"].sum()))


@pytest.mark.parametrize(
    "changed", ["data/raw/table.csv", "data/raw/images/a.txt", "data/raw/images/new.txt"]
)
def test_data_that_changes_while_a_task_runs_is_refused(changed: str) -> None:
    task = Careless(changes=changed)
    with pytest.raises(GokartBuildError):
        gokart.build(task)
    name = "data/raw/table.csv" if "table" in changed else "data/raw/images"
    assert recorded(task).error == f"{name} changed while Careless ran. Run it again."
    assert not task.complete()
    assert not again(task).complete()


def test_data_that_changed_after_a_task_was_made_is_seen(table: Path) -> None:
    task = Total()
    task.make_unique_id()
    table.write_text("x\n9\n")
    assert gokart.build(task) == 9


# Lambdas, for the reader is looked up when it is called, and Labkart replaces some of them.
READERS: dict[str, Callable[[str], Any]] = {
    "open": lambda path: open(path, "rb").close(),  # noqa: PTH123 (the reader that is tried)
    "Path.read_bytes": lambda path: len(Path(path).read_bytes()),
    "os.open": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "sqlite3": lambda path: sqlite3.connect(path).close(),
    "sqlite3, by address": lambda path: sqlite3.connect(
        "file:" + path + "?mode=ro", uri=True
    ).close(),
    "np.memmap": lambda path: int(np.memmap(path, mode="r").sum()),
    "np.load": lambda path: np.load(path),  # noqa: PLW0108 (see above)
    "np.fromfile": lambda path: np.fromfile(path, dtype="uint8"),
    "np.genfromtxt": lambda path: np.genfromtxt(path, skip_header=1),
    "pd.read_csv": lambda path: pd.read_csv(path),  # noqa: PLW0108 (see above)
    "pd.read_pickle": lambda path: pd.read_pickle(path),  # noqa: PLW0108 (see above)
    "pd.read_json": lambda path: pd.read_json(path, lines=True),
    "pd.read_feather": lambda path: pd.read_feather(path),  # noqa: PLW0108 (see above)
    "another program": lambda path: subprocess.run(["cat", path], capture_output=True, check=True),
    "another program, elsewhere": lambda path: subprocess.run(
        ["cat", "../" + path], cwd="src", capture_output=True, check=True
    ),
    "a shell": lambda path: subprocess.run(
        "cat <" + path, shell=True, capture_output=True, check=True
    ),
    "os.system": lambda path: os.system(
        "wc --files0-from=/dev/null --total=never " + path + " 2> /dev/null"
    ),
    "a thread": lambda path: ThreadPoolExecutor().submit(Path(path).read_bytes).result(),
}
SUFFIXES = {
    "np.load": "npy",
    "pd.read_pickle": "pkl",
    "feather": "feather",
    "arquet": "parquet",
    "json": "json",
    "sqlite3": "db",
}


class Reads(Task[int]):
    """Reads a file in one of the ways above."""

    reader: luigi.StrParameter = luigi.StrParameter()

    def run(self) -> None:
        READERS[self.reader](path_for(self.reader))
        self.dump(1)


@pytest.fixture
def others(root: Path) -> Path:
    """A file of each format, none of which is declared, with the same table in it."""
    frame, file = pd.DataFrame({"x": [1, 2]}), root / "data/raw/other"
    (root / "src").mkdir()
    frame.to_csv(f"{file}.csv", index=False)
    frame.to_pickle(f"{file}.pkl")
    frame.to_feather(f"{file}.feather")
    frame.to_parquet(f"{file}.parquet")
    frame.to_json(f"{file}.json", orient="records", lines=True)
    np.save(f"{file}.npy", frame["x"].to_numpy())
    with closing(sqlite3.connect(f"{file}.db")) as connection:
        connection.execute("create table numbers (x integer)")
    return root


def path_for(reader: str) -> str:
    return f"data/raw/other.{next((suffix for part, suffix in SUFFIXES.items() if part in reader), 'csv')}"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "labkart.tasks.file_access"
    ]


@pytest.mark.parametrize("reader", variants([*READERS], 6))
def test_a_read_that_is_not_declared_is_noticed(
    reader: str, others: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = path_for(reader)
    task = Reads(reader=reader)
    task.run()
    assert (recorded(task).status, [state.path for state in recorded(task).undeclared]) == (
        "done",
        [path],
    )
    assert said(caplog) == [
        f'Reads reads {path} without declaring it. Add "other: DataFile = DataFile()" to Reads, '
        f'"other: {path}" to its settings in conf/, and read self.other.'
    ]
    assert task.complete()
    (others / path).write_bytes((others / path).read_bytes()[::-1])
    assert not again(task).complete()


class Secret(Task[int]):
    """Reads what it does not declare."""

    def run(self) -> None:
        Path("data/raw/notes.csv").read_bytes()
        self.dump(1)


class Named(Task[int]):
    """Reads what is in a parameter that is no `DataFile`."""

    unit: luigi.StrParameter = luigi.StrParameter(default="")
    scale: luigi.FloatParameter = luigi.FloatParameter(default=1.0)
    source: luigi.StrParameter = luigi.StrParameter()

    def run(self) -> None:
        for file in (Path(self.source), *Path(self.source).glob("*")):
            if file.is_file():
                file.read_bytes()
        self.dump(1)


@pytest.fixture
def notes(root: Path) -> Path:
    write(root, **{"data/raw/notes.csv": "x\n1\n"})
    return root / "data/raw/notes.csv"


@pytest.mark.parametrize(
    "path", ["data/table.py", "src/study/code.py", "data/native.so", "data/.rates", ".env"]
)
def test_a_file_of_code_and_a_hidden_file_are_data_where_they_are_read(
    path: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Named(source="").make_unique_id()  # what is there later is not among its code
    write(root, **{path: "1"})
    task = Named(source=path)
    task.run()
    assert [state.path for state in recorded(task).undeclared] == [path]
    verb = "Named.source names" if path == "data/.rates" else "Named reads"
    assert f"{verb} {path} without declaring it." in said(caplog)[0]
    write(root, **{path: "2"})
    assert not again(Named(source=path)).complete()


class Many(Task[int]):
    """Reads a folder that it may or may not name."""

    source: luigi.StrParameter = luigi.StrParameter()

    def run(self) -> None:
        for file in sorted(Path("data/raw/scans").iterdir()):
            file.read_bytes()
        self.dump(1)


def test_a_parameter_with_the_bare_name_of_a_folder_is_to_declare_it_where_it_is_read(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(root, **{"data/notes.csv": "x"})
    Named(source="data").run()
    remedy = 'Named.source names it: declare "source: DataFolder = DataFolder()" there.'
    assert said(caplog) == [f"Named reads data/notes.csv without declaring it. {remedy}"]


class Searches(Task[int]):
    """Looks for packages, as libraries do that are loaded late."""

    def run(self) -> None:
        folders = filter(Path.is_dir, map(Path, sys.path))
        self.dump(sum(len(list(folder.iterdir())) for folder in folders))


def test_a_folder_of_packages_that_is_listed_is_no_data(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, **{"src/study/code.py": ""})
    monkeypatch.syspath_prepend(root / "src")
    Searches().run()
    assert said(caplog) == [] and recorded(Searches()).undeclared == []


class Lists(Task[int]):
    """Counts the files of a folder whose path is computed."""

    def run(self) -> None:
        folder = Path("data", "scans")
        if self.seed:
            (folder / "made.txt").write_text("1")
        self.dump(len(list(folder.glob("**/*.txt"))))

    seed: luigi.IntParameter = luigi.IntParameter(default=0)


def test_a_folder_that_is_listed_counts_with_what_comes_into_it(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(root, **{"data/scans/a.txt": "1", "data/scans/deep/b.txt": "1"})
    Lists().run()
    remedy = '"scans: data/scans" to its settings in conf/, and read self.scans.'
    added = f'Add "scans: DataFolder = DataFolder()" to Lists, {remedy}'
    assert said(caplog) == [f"Lists reads data/scans without declaring it. {added}"]
    assert again(Lists()).complete()
    write(root, **{"data/scans/deep/c.txt": "1"})
    assert not again(Lists()).complete()


def test_a_folder_that_the_run_writes_into_does_not_count(root: Path) -> None:
    write(root, **{"data/scans/a.txt": "1"})
    Lists(seed=1).run()
    assert recorded(Lists(seed=1)).undeclared == []


@pytest.mark.parametrize("files", [4, 3])
def test_many_files_of_one_folder_are_told_at_once(
    files: int, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(root, **{f"data/raw/scans/{number}.txt": "x" for number in range(files)})
    Many(source="").run()
    if files == 3:
        assert [line.partition(" without")[0] for line in said(caplog)] == [
            f"Many reads data/raw/scans/{number}.txt" for number in range(3)
        ]
        return
    add = 'Add "scans: DataFolder = DataFolder()" to Many, "scans: data/raw/scans" to its settings in conf/, '
    remedy = f"{add}and read self.scans."
    assert said(caplog) == [
        f"Many reads 4 files of data/raw/scans without declaring them. {remedy}"
    ]


@pytest.mark.parametrize("ci", ["true", "1"])
def test_in_ci_a_read_that_is_not_declared_is_an_error(
    ci: str, notes: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(LabkartError) as caught:
        Secret().run()
    assert str(caught.value).startswith(
        "Secret reads data/raw/notes.csv without declaring it. Add "
    )
    assert (recorded(Secret()).status, Secret().complete(), said(caplog)) == ("failed", False, [])


@pytest.mark.parametrize("ci", ["", "0", "false"])
def test_at_home_a_read_that_is_not_declared_is_a_warning(
    ci: str, notes: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CI", ci)
    Secret().run()
    assert Secret().complete()
    warnings = [record for record in caplog.records if record.levelname != "INFO"]
    assert [(record.name, record.levelname) for record in warnings] == [
        ("labkart.tasks.file_access", "WARNING")
    ]


def test_a_task_runs_again_when_what_it_read_undeclared_is_other_or_gone(notes: Path) -> None:
    Secret().run()
    assert Secret().complete()
    notes.write_text("x\n2\n")
    assert not again(Secret()).complete()
    assert recorded(Secret()).damage() == "data/raw/notes.csv changed"
    Secret().run()
    assert again(Secret()).complete()
    notes.unlink()
    assert not again(Secret()).complete()


@pytest.mark.parametrize(
    "path",
    [
        "data/raw/table.csv",  # declared
        "data/raw/../raw/table.csv",
        "data/raw/images/deep/b.txt",
        "outputs/cache/some.pkl",
        "src/study/__pycache__/code.cpython-311.pyc",
        ".git/HEAD",
        "data/.cache/index",
        ".venv/lib/python3.12/site-packages/sklearn/data.csv",
        "env/lib/python3.12/site-packages/sklearn/data.csv",
        "/etc/hostname",
        np.__file__,
    ],
)
def test_what_is_declared_or_no_input_is_not_complained_about(
    path: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Fine(Task[int]):
        table: DataFile = DataFile(default=Path("data/../data/raw/table.csv"))
        images: DataFolder = DataFolder(default=Path("data/raw/images"))

        def run(self) -> None:
            Path(path).read_bytes()
            list(self.images.iterdir())
            self.dump(1)

    if not Path(path).exists():
        write(root, **{path: "x"})
    Fine().run()
    assert (recorded(Fine()).undeclared, said(caplog)) == ([], [])


FRAME = pd.DataFrame({"x": [1, 2]})


def made_by_rename() -> None:
    Path("data/new.csv.part").write_text("x")
    Path("data/new.csv.part").replace("data/new.csv")
    Path("data/new.csv").read_text()


def made_by_sqlite() -> None:
    for _ in range(2):
        with closing(sqlite3.connect("data/new.db")) as connection:
            connection.execute("create table if not exists numbers (x integer)")


def made_by(
    write: Callable[[str], Any], read: Callable[[str], Any], name: str
) -> Callable[[], None]:
    return lambda: (write(name), read(name), None)[2]


@pytest.mark.parametrize(
    "make",
    [
        made_by(FRAME.to_csv, pd.read_csv, "data/new.csv"),
        made_by(FRAME.to_pickle, pd.read_pickle, "data/new.pkl"),
        made_by(FRAME.to_parquet, pd.read_parquet, "data/new.parquet"),
        made_by(FRAME.to_feather, pd.read_feather, "data/new.feather"),
        made_by(lambda name: np.save(name, FRAME), np.load, "data/new.npy"),
        made_by(
            lambda name: np.memmap(name, mode="w+", shape=3),
            lambda name: np.memmap(name, mode="r"),
            "data/new.bin",
        ),
        made_by_rename,
        made_by_sqlite,
    ],
)
def test_what_a_task_wrote_itself_is_no_input(
    make: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    class Makes(Task[int]):
        def run(self) -> None:
            make()
            self.dump(1)

    Makes().run()
    assert (recorded(Makes()).undeclared, said(caplog)) == ([], [])


@pytest.mark.thorough
def test_reads_of_many_threads_are_all_noticed(root: Path) -> None:
    names = [f"data/many/{number}.txt" for number in range(300)]
    write(root, **dict.fromkeys(names, "x"))

    class ManyThreads(Task[int]):
        def run(self) -> None:
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(lambda name: Path(name).read_bytes(), names))
            self.dump(1)

    ManyThreads().run()
    assert sorted(state.path for state in recorded(ManyThreads()).undeclared) == sorted(names)


def test_a_folder_that_is_read_as_a_whole_counts_with_its_files(root: Path) -> None:
    for number in range(2):
        write(root, **{f"data/parts/{number}/part.csv": "x\n1\n"})

    class Whole(Task[int]):
        def run(self) -> None:
            subprocess.run(["ls", "data/parts"], check=True, capture_output=True)
            self.dump(1)

    Whole().run()
    assert sorted(state.path for state in recorded(Whole()).undeclared) == [
        f"data/parts/{n}/part.csv" for n in (0, 1)
    ]


def test_a_read_outside_of_run_is_not_noticed(
    notes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Before(Task[int]):
        size: luigi.IntParameter = luigi.IntParameter()

        def run(self) -> None:
            self.dump(self.size)

    task = Before(size=len(notes.read_text()))
    task.run()
    notes.read_text()
    assert (recorded(task).undeclared, said(caplog)) == ([], [])


ASKS = """\
from pathlib import Path
import labkart

class Declares(labkart.Task):
    table = labkart.DataFile(default=Path("data/raw/table.csv"))
    def run(self):
        self.dump(self.table.read_text())

class Asks(labkart.Task):
    def run(self):
        declares = Declares()
        yield declares
        self.dump(declares.output().load())
"""


def test_what_a_task_declares_that_another_one_asks_for_counts_without_a_word(
    student: Callable[[str], ModuleType], caplog: pytest.LogCaptureFixture
) -> None:
    task = student(ASKS).Asks()
    assert gokart.build(task, reset_register=False) == "x\n1\n2\n"
    assert (said(caplog), [each.path for each in recorded(task).undeclared]) == (
        [],
        ["data/raw/table.csv"],
    )
    assert task.complete()
    Path("data/raw/table.csv").write_text("x\n3\n")
    assert not task.complete()


READS_IN_REQUIRES = """\
from pathlib import Path
import labkart

class Upstream(labkart.Task):
    def run(self):
        self.dump(2)

class Chooses(labkart.Task):
    def requires(self):
        self.words = Path("data/words.txt").read_text().split()
        return {name: Upstream() for name in Path("data/names.txt").read_text().split()}
    def run(self):
        self.dump([list(self.requires()), self.words])
"""


def test_what_requires_reads_counts(
    root: Path, student: Callable[[str], ModuleType], caplog: pytest.LogCaptureFixture
) -> None:
    write(root, **{"data/names.txt": "a b", "data/words.txt": "x"})
    task = student(READS_IN_REQUIRES).Chooses()
    assert gokart.build(task, reset_register=False) == [["a", "b"], ["x"]]
    assert (sorted(recorded(task).data), said(caplog)) == (["data/names.txt", "data/words.txt"], [])
    assert task.complete()
    results = []
    for file, text in (("names", "b a"), ("names", "a"), ("words", "y"), ("names", "a c")):
        write(root, **{f"data/{file}.txt": text})
        assert not task.complete()
        results.append(gokart.build(task, reset_register=False))
    assert results == [[["b", "a"], ["x"]], [["a"], ["x"]], [["a"], ["y"]], [["a", "c"], ["y"]]]
    write(root, **{"data/names.txt": "a b", "data/words.txt": "x"})
    assert task.complete()
    Path("data/words.txt").unlink()
    with pytest.raises(FileNotFoundError):
        task.complete()


GROUNDS = """\
from pathlib import Path
import labkart
from luigi import OptionalParameter

class Ground(labkart.Task):
    table = labkart.DataFile(default=Path("data/raw/table.csv"))
    folder = labkart.DataFolder(default=Path("data/raw/images"))
    def run(self):
        self.dump(self.table.read_text())

class Middle(labkart.Task):
    def requires(self):
        return Ground()
    def run(self):
        self.dump(self.load())

class Asks(labkart.Task):
    def run(self):
        middle = Middle()
        yield middle
        self.dump(middle.output().load())

class Edits(Asks):
    def run(self):
        yield from Asks.run(self)
        Path("data/raw/table.csv").write_text("x\\n3\\n")
"""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Path("data/raw/table.csv").write_text("x\n3\n"), "data/raw/table.csv changed"),
        (Path("data/raw/images/new").mkdir, "data/raw/images changed"),
        (lambda: Path("data/raw/images/.new").write_text("x"), "data/raw/images changed"),
    ],
)
def test_what_a_yielded_task_builds_on_counts_for_the_task_that_yielded_it(
    change: Callable[[], object], reason: str, student: Callable[[str], ModuleType]
) -> None:
    task = student(GROUNDS).Asks()
    assert gokart.build(task, reset_register=False) == "x\n1\n2\n"
    assert task.complete()
    change()
    assert not task.complete()
    assert describe_damage(task, recorded(task)) == reason


def test_what_a_yielded_task_read_and_what_then_changed_is_computed_again(
    student: Callable[[str], ModuleType],
) -> None:
    task = student(GROUNDS).Edits()
    assert gokart.build(task, reset_register=False) == "x\n1\n2\n"
    assert describe_damage(task, recorded(task)) == "data/raw/table.csv changed"


def test_an_undeclared_file_that_somebody_else_changes_while_a_task_runs_is_refused(
    notes: Path,
) -> None:
    class Slow(Task[int]):
        def run(self) -> None:
            notes.read_text()
            subprocess.run(["cp", "data/raw/table.csv", "data/raw/notes.csv"], check=True)
            self.dump(1)

    with pytest.raises(
        LabkartError, match=r"^data/raw/notes\.csv changed while Slow ran\. Run it again\.$"
    ):
        Slow().run()
    assert not Slow().complete()


def test_what_another_program_writes_is_not_read(notes: Path) -> None:
    class Writes(Task[int]):
        def run(self) -> None:
            subprocess.run(["sh", "-c", "echo new > data/raw/notes.csv"], check=True)
            self.dump(1)

    task = Writes()
    task.run()
    assert recorded(task).undeclared == []
    assert task.complete()


def test_a_task_may_change_or_remove_what_it_read(notes: Path) -> None:
    class Consumes(Task[int]):
        def run(self) -> None:
            notes.write_text(notes.read_text() + "2\n")
            Path("data/raw/table.csv").read_text()
            Path("data/raw/table.csv").unlink()
            self.dump(1)

    Consumes().run()
    assert Consumes().complete()
