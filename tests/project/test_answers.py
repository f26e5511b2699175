"""`run` and `status` answer at once what they would compute, after each of a series of edits."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.project.test_verbs import STUDY
from tests.support.commands import Commands
from tests.support.tiny import FILES, write

DATES = "import datetime\nTODAY = datetime.date.today()\n"


class Study:
    """A project that may have run."""

    def __init__(self, root: Path, warm: Commands) -> None:
        self.root, self.server = root, warm
        self.variables = {"MLFLOW_DISABLE_TELEMETRY": "true"}
        self.folder = root

    def labkart(self, *words: str) -> str:
        """What a command prints, or complains about."""
        code = f"from labkart.cli.main import main; raise SystemExit(main({list(words)!r}))"
        library = self.root.parent / "lib"
        done = self.server.code(code, self.folder, self.root / "src", library, **self.variables)
        return done.stdout + done.stderr

    def answers_at_once(self, *words: str) -> bool:
        """Whether a command answers at once; if so, with the words that it would compute."""
        for file in self._answers():
            kept = json.loads(file.read_text())
            kept["printed"].insert(0, [1, "at once: "])
            file.write_text(json.dumps(kept))
        printed = self.labkart(*words)
        if not printed.startswith("at once: "):
            return False
        self.forget()
        assert printed.removeprefix("at once: ") == self.labkart(*words)
        return True

    def forget(self) -> None:
        """Let the next command compute its answer."""
        shutil.rmtree(self.root / "outputs/memos/answers", ignore_errors=True)

    def _answers(self) -> list[Path]:
        return list((self.root / "outputs/memos/answers").glob("*.json"))

    def file(self, pattern: str) -> Path:
        (file,) = self.root.glob(pattern)
        return file


@pytest.fixture(scope="module")
def _first(tmp_path_factory: pytest.TempPathFactory, warm: Commands) -> Path:
    root = tmp_path_factory.mktemp("ran")
    write(root, **{**FILES, **STUDY})
    assert "total 36" in Study(root, warm).labkart("run")
    return root


@pytest.fixture
def study(root: Path, _first: Path, warm: Commands) -> Study:
    """A project of one's own whose pipeline has run."""
    shutil.copytree(_first, root, dirs_exist_ok=True)
    return Study(root, warm)


def replace(name: str, old: str, new: str) -> Callable[[Study], None]:
    def edit(study: Study) -> None:
        text = (study.root / name).read_text()
        assert old in text
        (study.root / name).write_text(text.replace(old, new))

    return edit


def remove(pattern: str) -> Callable[[Study], None]:
    return lambda study: study.file(pattern).unlink()


def overwrite(pattern: str) -> Callable[[Study], None]:
    """Another content of the same size, with the time of modification that it had."""

    def edit(study: Study) -> None:
        file = study.file(pattern)
        times, content = file.stat(), file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    return edit


def run_other_settings(study: Study) -> None:
    study.labkart("run", "scale.factor=4")


EDITS: dict[str, Callable[[Study], object]] = {
    "a value": replace("conf/config.yaml", "factor: 3", "factor: 4"),
    "the value again": replace("conf/config.yaml", "factor: 4", "factor: 3"),
    "code": replace("src/study/helpers.py", "2 * x", "5 * x"),
    "a comment": replace("src/study/helpers.py", "def", "# as before\ndef"),
    "the code again": replace("src/study/helpers.py", "5 * x", "2 * x"),
    "a package that shadows a module": lambda study: write(
        study.root, **{"src/study/helpers/__init__.py": "def scale(x):\n    return 7 * x\n"}
    ),
    "no such package": lambda study: shutil.rmtree(study.root / "src/study/helpers"),
    "data": lambda study: write(study.root, **{"data/raw/table.csv": "1 2 4\n"}),
    "the data again": lambda study: write(study.root, **{"data/raw/table.csv": "1 2 3\n"}),
    "an output": overwrite("outputs/cache/study/pipeline/Scale_*.pkl"),
    "no output": remove("outputs/cache/study/pipeline/Scale_*.pkl"),
    "no record": remove("outputs/records/tasks/Load_*/record.json"),
    "a run of what is missing": lambda study: study.labkart("run"),
    "no result": remove("outputs/cache/study/pipeline/Sum_*.pkl"),
    "another run": lambda study: study.labkart("run"),
    "a run of other settings": run_other_settings,
    "a package": lambda study: write(
        study.root.parent / "lib", **{"numpy-0.1.dist-info/METADATA": "Name: numpy\nVersion: 0.1\n"}
    ),
    "a setting by a variable": replace(
        "conf/config.yaml", "factor: 3", "factor: ${oc.decode:${oc.env:RATE,3}}"
    ),
    "the variable": lambda study: study.variables.update(RATE="4"),
    "the working directory": lambda study: setattr(study, "folder", study.root / "src"),
    "outputs elsewhere": lambda study: study.variables.update(
        LABKART_OUTPUTS=str(study.root / "outputs/other")
    ),
}


@pytest.mark.thorough
def test_the_status_at_once_is_the_one_that_is_computed(study: Study) -> None:
    study.labkart("status", "--json")
    assert study.answers_at_once("status", "--json")
    for name, edit in EDITS.items():
        edit(study)
        printed = study.labkart("status", "--json")
        study.forget()
        assert printed == study.labkart("status", "--json"), name
        assert json.loads(printed), name
    del study.variables["LABKART_OUTPUTS"]
    study.labkart("status", "--json")
    assert study.answers_at_once("status", "--json")


def test_a_run_with_nothing_to_do_leaves_what_any_run_leaves(study: Study) -> None:
    shutil.rmtree(study.root / "outputs")
    study.labkart("run")
    assert study.answers_at_once("run"), "right after the first run"
    used = study.file("outputs/records/experiments/*/.last-used")
    used.unlink()
    assert study.answers_at_once("run")
    assert used.exists(), "labkart clean needs it"
    # What MLflow lacks is published again.
    for name in ("outputs/mlflow.db", "outputs/records/experiments/*/.mlflow.json"):
        study.file(name).unlink()
        assert not study.answers_at_once("run")
        with closing(sqlite3.connect(study.root / "outputs/mlflow.db")) as connection:
            assert connection.execute("SELECT count(*) FROM runs").fetchone() > (0,)
        assert not study.answers_at_once("run"), "it computes the first answer after a publication"
        assert study.answers_at_once("run")
    study.file("outputs/cache/study/pipeline/Sum_*.pkl").unlink()
    assert "total 36" in study.labkart("run")
    assert study.file("outputs/cache/study/pipeline/Sum_*.pkl").exists()


@pytest.mark.thorough
def test_what_follows_from_the_date_or_from_another_program_is_computed_each_time(
    study: Study,
) -> None:
    pipeline = study.root / "src/study/pipeline.py"
    code = pipeline.read_text()
    for start in (DATES, 'import subprocess\nsubprocess.run(["true"])\n'):
        pipeline.write_text(start + code)
        study.labkart("run")
        assert not study.answers_at_once("run")
        assert not study.answers_at_once("run")
    pipeline.write_text(code)
    replace("conf/config.yaml", "task: null", "task: null\nday: ${now:%d}")(study)
    study.labkart("run")
    assert not study.answers_at_once("run")
    assert not study.answers_at_once("run")


def test_a_pipeline_that_leaves_something_to_chance_is_computed_each_time(study: Study) -> None:
    """Its first answer must not be foreseen: the second plan may be another one."""
    replace(
        "src/study/pipeline.py",
        "class Sum(Task):",
        "class Sum(Task):\n    name = luigi.Parameter()",
    )(study)
    replace("src/study/pipeline.py", "make(Sum, ", "make(Sum, name=uuid.uuid4().hex, ")(study)
    replace("src/study/pipeline.py", "import luigi", "import luigi, uuid")(study)
    for _ in range(3):
        assert "nothing to do" not in study.labkart("run")


@pytest.mark.thorough
def test_what_the_students_code_prints_is_printed_again(study: Study) -> None:
    replace("src/study/helpers.py", "def", "print('imported')\ndef")(study)
    assert study.labkart("run").startswith("imported\n")
    assert study.answers_at_once("run")
    assert study.labkart("run").startswith("imported\n")


def test_a_result_from_before_its_code_was_committed_belongs_to_the_commit(study: Study) -> None:
    from labkart import git

    def commit(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        assert git.run(study.root, *identity, *arguments).ok

    write(study.root, **{".gitignore": "outputs/\n__pycache__/\n"})
    commit("init", "--quiet")
    commit("add", "--all")
    commit("commit", "--quiet", "--message=Begin")
    replace("src/study/helpers.py", "2 * x", "5 * x")(study)
    assert "total 90" in study.labkart("run")
    assert study.answers_at_once("run"), "the code is not committed yet"
    commit("commit", "--quiet", "--all", "--message=Rate")
    assert not study.answers_at_once("run")
    records = [
        json.loads(file.read_text())
        for file in study.root.glob("outputs/records/experiments/*/record.json")
    ]
    assert [record["code"]["dirty"] for record in records if record["metrics"]["total"] == 90] == [
        False
    ]
