"""An experiment once more from its record alone: what is the same, what was tampered with, what is left behind."""

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

import pytest

from labkart.records import query
from labkart.results.reproduce import reproduce as labkart
from labkart.results.reproduce.reproduce import Options
from tests.conftest import Ready
from tests.support.bake import TEMPLATE, UV, Project
from tests.support.tiny import soon
from tests.support.variants import variants

# The projects here have the library from this folder.
FOLDER = f"labkart was installed from {TEMPLATE}, which may have changed since the run"
PIPELINE = """\
import random
import time
from gokart import TaskInstanceParameter
from labkart import DataFile, Task, make
from luigi import IntParameter
from omegaconf import DictConfig

class Load(Task[list[int]]):
    table: DataFile = DataFile()
    def run(self):
        self.dump([int(word) for word in self.table.read_text().split()])

class Draw(Task[list[float]]):
    numbers: TaskInstanceParameter[Load] = TaskInstanceParameter(expected_type=Load)
    scale: IntParameter = IntParameter()
    seed: IntParameter = IntParameter()
    def run(self):
        self.dump([self.scale * random.random() * number for number in self.load(self.numbers)])

class Total(Task[float]):
    drawn: TaskInstanceParameter[Draw] = TaskInstanceParameter(expected_type=Draw)
    def run(self):
        self.log_metric("total", sum(self.load(self.drawn)))
        self.dump(sum(self.load(self.drawn)))

def pipeline(cfg: DictConfig) -> Total:
    load = make(Load, cfg.load)
    return make(Total, drawn=make(Draw, cfg.draw, numbers=load, seed=cfg.seed))
"""
CONFIG = """\
defaults:
  - _self_
  - optional local: default
seed: 0
load:
  table: data/raw/table.csv
draw:
  scale: 1
password: null
task: null
"""


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory, sharing_uv: Path) -> Path:
    """Where the environments of all reproductions here are, for they have the same packages, and their uv."""
    folder = tmp_path_factory.mktemp("environments")
    (folder / "uv").symlink_to(sharing_uv)
    return folder


def uv(project: Project) -> str:
    return str(project.root / "outputs/environments/uv")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, ready: Ready, environments: Path) -> Project:
    """A run of uncommitted code, with data and settings that git does not have."""
    project = ready(tmp_path_factory.mktemp("study"))
    for name in ("data", "model", "experiment", "search"):
        shutil.rmtree(project.root / "conf" / name)
    write(project, "src/my_thesis/pipeline.py", PIPELINE)
    write(project, "conf/config.yaml", CONFIG)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "A study")
    write(project, "conf/local/default.yaml", "# @package _global_\ndraw:\n  scale: 3\n")
    write(project, "data/raw/table.csv", "1 2 3\n")
    write(project, ".git/info/exclude", "data/raw/*.csv\n")
    project.edit("src/my_thesis/pipeline.py", "self.scale * random", "2 * self.scale * random")
    assert project.environment
    shutil.copy(project.environment.parent / "uv.lock", project.root)
    done = project.run(
        "python", "-c", "from labkart.experiments.run import run_on_node; run_on_node(['seed=5'])"
    )
    assert done.returncode == 0, done.stderr
    (project.root / "outputs" / "environments").symlink_to(environments)
    return project


def retext(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a part of a text that the record shares with others, or the whole of it."""
    record = json.loads((folder / "record.json").read_text())
    texts = folder.parents[1] / "texts"
    content = (texts / f"{record['texts'][name]}.txt").read_text() if old else ""
    assert old in content
    text = content.replace(old, new) if old else new
    digest = record["texts"][name] = hashlib.sha256(text.encode()).hexdigest()
    (texts / f"{digest}.txt").write_text(text)
    (folder / "record.json").write_text(json.dumps(record))


@pytest.fixture
def tampered(study: Project) -> Iterator[Path]:
    """The folder of the record, which is as it was again after the test."""
    (folder,) = (study.root / "outputs" / "records" / "experiments").iterdir()
    kept = folder.parents[1] / "kept"
    shutil.copytree(folder, kept)
    yield folder
    shutil.rmtree(folder)
    kept.rename(folder)


def write(project: Project, name: str, text: str) -> None:
    (project.root / name).parent.mkdir(parents=True, exist_ok=True)
    (project.root / name).write_text(text)


def git(project: Project, *words: str) -> str:
    command = ["git", "-C", str(project.root), *words]
    return subprocess.run(
        command, env=project.variables(), capture_output=True, text=True, check=True
    ).stdout


def reproduce(project: Project, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Reproduce the only experiment there is, and look whether anything is left behind."""
    (id,) = (path.name for path in (project.root / "outputs" / "records" / "experiments").iterdir())
    done = project.run("labkart", "reproduce", *(words or [id]), **{"UV": uv(project), **variables})
    assert len(git(project, "worktree", "list").splitlines()) == 1
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def attempt(study: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The same without a command and without MLflow, which take their time: what is said of it."""
    monkeypatch.chdir(study.root)
    monkeypatch.setenv("UV", uv(study))

    def attempted() -> str:
        (folder,) = (study.root / "outputs" / "records" / "experiments").iterdir()
        verdict, _ = labkart.reproduce(query.find_experiment(folder.name), Options())
        said = str(verdict)
        assert len(git(study, "worktree", "list").splitlines()) == 1
        return said

    return attempted


def verdict(project: Project) -> dict[str, Any]:
    """The record of the last attempt."""
    *_, last = sorted((project.root / "outputs" / "records" / "reproductions").iterdir())
    return json.loads((last / "record.json").read_text())


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    record = json.loads((folder / "record.json").read_text())
    edit(record)
    (folder / "record.json").write_text(json.dumps(record))


def replace(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def contents(project: Project) -> dict[str, str]:
    """All of the student's files, git's own too, but neither Python's bytecode nor what Labkart remembers or judges."""
    ours = (
        "outputs/memos",
        "outputs/environments",
        "outputs/records/reproductions",
        "outputs/records/kept",
    )
    ours += ("outputs/mlflow.lock",)
    inside = [path for path in project.root.rglob("*") if path.is_file()]
    named = {path.relative_to(project.root).as_posix(): path for path in inside}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in named.items()
        if not name.startswith(ours) and "__pycache__" not in path.parts
    }


def test_the_sample_comes_out_identical_and_mlflow_says_so(
    project: Project, environments: Path
) -> None:
    (project.root / "outputs" / "environments").symlink_to(environments)
    (folder,) = (project.root / "outputs" / "records" / "experiments").iterdir()
    assert project.environment
    shutil.copy(project.environment.parent / "uv.lock", folder)
    done = reproduce(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "identical: all outputs of 4 tasks, bit for bit\n" in done.stdout
    found = verdict(project)
    assert (found["kind"], found["again"], found["deviations"]) == ("identical", folder.name, [])
    assert found["notes"] == [FOLDER]
    with sqlite3.connect(project.root / "outputs" / "mlflow.db") as connection:
        tags = dict(connection.execute("SELECT key, value FROM tags"))
        ((runs,),) = connection.execute("SELECT count(*) FROM runs")
    assert tags["labkart.reproduced"] == f"identical {found['ended'][:10]}"
    assert runs == 1, "the reproduction itself publishes nothing"


def test_what_git_does_not_have_is_restored_and_the_students_files_stay_as_they_are(
    study: Project,
) -> None:
    before = contents(study)
    write(
        study, "src/my_thesis/pipeline.py", "broken("
    )  # what is written since then does not matter
    edited = contents(study)
    done = reproduce(study, MLFLOW_TRACKING_URI="http://127.0.0.1:9", OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical" in done.stdout
    assert re.findall("not as recorded: (.*)", done.stdout) == [FOLDER]
    assert "127.0.0.1:9 does not answer" in done.stderr, (
        "the verdict goes to the store that is chosen"
    )
    assert contents(study) == edited
    git(study, "checkout", "--quiet", "src")
    study.edit("src/my_thesis/pipeline.py", "self.scale * random", "2 * self.scale * random")
    assert contents(study).keys() == before.keys()


@pytest.mark.thorough
def test_another_seed_in_the_record_is_named(attempt: Callable[[], str], tampered: Path) -> None:
    replace(tampered / "config.yaml", "seed: 5", "seed: 6")
    change(tampered, lambda record: record["config"].update(seed=6))
    said = attempt()
    assert "different: Draw is the first task that differs" in said
    assert "recorded -> now: total " in said
    assert "not as recorded: Draw: seed 5 -> 6" in said
    assert "not as recorded: seed=5 in the command -> seed=6" in said


def test_other_code_packages_and_threads_are_named(
    study: Project, attempt: Callable[[], str], tampered: Path
) -> None:
    retext(tampered, "uncommitted.patch.txt", "+        self.dump([2 *", "+        self.dump([3 *")
    change(tampered, lambda record: record["environment"].update(threads=4096))
    (draw,) = (study.root / "outputs" / "records" / "tasks").glob("Draw_*")
    kept = (draw / "record.json").read_text()
    change(draw, lambda record: record["packages"].update(gokart="0.0.1"))
    said = attempt()
    (draw / "record.json").write_text(kept)
    assert "different: Draw is the first task that differs" in said
    assert "not as recorded: Draw: code of pipeline.py: Draw.run" in said
    assert "not as recorded: gokart 0.0.1 -> none" in said
    assert "not as recorded: threads 4096 -> 4096 on" in said


IMPOSSIBLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "the commit": (
        lambda folder: change(folder, lambda record: record["code"].update(commit="ab" * 20)),
        "Commit ababababab is not in this repository",
    ),
    "no commit": (
        lambda folder: change(folder, lambda record: record["code"].update(commit=None)),
        "It ran without a commit in git",
    ),
    "the diff": (
        lambda folder: retext(
            folder, "uncommitted.patch.txt", "\n-        self.dump", "\n-        self.dumb"
        ),
        "The recorded uncommitted changes do not fit the commit",
    ),
    "a package": (
        lambda folder: retext(folder, "packages.txt", "gokart==1", "gokart==99.1"),
        "no version of gokart==99.1",
    ),
    "the lock": (
        lambda folder: retext(folder, "uv.lock", "", "no TOML"),
        "The recorded packages cannot be installed",
    ),
    "Python": (
        lambda folder: change(folder, lambda record: record["environment"].update(python="2.9.1")),
        "Python 2.9.1 is not on this machine",
    ),
    "a secret": (
        lambda folder: change(folder, lambda record: record["overrides"].append("password=***")),
        "password is masked in the record",
    ),
    "an address": (
        lambda folder: retext(
            folder, "packages.txt", "gokart==1", "gone @ https://ann:***@x.y/z.whl\ngokart==1"
        ),
        "packages.txt has an address without its secret: gone @ https://ann:***@x.y/z.whl",
    ),
    "the settings": (
        lambda folder: change(folder, lambda record: record["overrides"].append("nothing=1")),
        "The recorded settings do not fit the code: ",
    ),
    "code that can be read": (
        lambda folder: retext(
            folder, "uncommitted.patch.txt", "+        self.dump([2 *", "+        self.dump([2 (("
        ),
        "The run did not begin: src/my_thesis/pipeline.py:18: SyntaxError",
    ),
    "the result": (
        lambda folder: change(folder, lambda record: record.update(status="failed")),
        "It is failed, so there is no result to reproduce",
    ),
    "the data": (
        lambda folder: (folder.parents[3] / "data/raw/table.csv").write_text("1 2 4\n"),
        "data/raw/table.csv changed since Load read it",
    ),
    "no data": (
        lambda folder: (folder.parents[3] / "data/raw/table.csv").unlink(),
        "data/raw/table.csv is gone since Load read it",
    ),
}


@pytest.mark.parametrize("what", variants([*IMPOSSIBLE], 3))
def test_what_is_not_there_any_more_is_named_and_nothing_runs(
    what: str, study: Project, attempt: Callable[[], str], tampered: Path
) -> None:
    tamper, said = IMPOSSIBLE[what]
    tamper(tampered)
    found = attempt()
    write(study, "data/raw/table.csv", "1 2 3\n")
    assert found.startswith("impossible: ") and said in found
    assert verdict(study)["kind"] == "impossible" and said in verdict(study)["error"]


def test_without_uv_a_sentence_says_how_to_get_it(study: Project) -> None:
    done = reproduce(study, UV="", PATH=os.pathsep.join(["/usr/bin", "/bin"]))
    assert done.returncode == 1
    assert "uv is not installed" in done.stdout and "pip install uv" in done.stdout


@pytest.mark.thorough
def test_from_cache_lists_what_would_run_and_what_is_gone(study: Project, tampered: Path) -> None:
    attempts = len(list((study.root / "outputs" / "records" / "reproductions").glob("*")))
    done = reproduce(study, tampered.name[:8], "--from-cache")
    assert done.returncode == 0, done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[1:4]] == ["Load", "Draw", "Total"]
    assert done.stdout.count("in the cache") == 3 and "nothing is missing" in done.stdout
    change(tampered, lambda record: record["code"].update(commit="ab" * 20))
    retext(tampered, "packages.txt", "gokart==1", "gokart==99.1")
    write(study, "data/raw/table.csv", "4\n")
    (total,) = (study.root / "outputs" / "cache").rglob("Total_*.pkl")
    total.rename(total.with_suffix(".away"))
    done = reproduce(study, tampered.name, "--from-cache")
    total.with_suffix(".away").rename(total)
    write(study, "data/raw/table.csv", "1 2 3\n")
    assert done.returncode == 1
    for said in (
        "Commit ababababab",
        "data/raw/table.csv changed",
        "gokart==99.1",
        "no longer in the cache",
    ):
        assert said in done.stdout
    assert (
        len(list((study.root / "outputs" / "records" / "reproductions").glob("*"))) == attempts
    ), "nothing ran"


@pytest.fixture
def clone(study: Project, tmp_path: Path) -> Project:
    """A clone of the study with a table of its run, which holds only what git and the table have."""
    run = study.run("labkart", "report", "totals", "draw.scale=3", "--allow", "dirty", "missing")
    assert run.returncode == 0, run.stderr
    root = tmp_path / "clone" / study.root.name
    git(study, "clone", "--quiet", str(study.root), str(root))
    for file in (study.root / "reports").glob("totals*"):
        shutil.copy(file, root / "reports")
        file.unlink()
    (root / "data/raw").mkdir(parents=True, exist_ok=True)
    shutil.copy(study.root / "data/raw/table.csv", root / "data/raw")
    (root / "outputs").mkdir()
    (root / "outputs" / "environments").symlink_to(study.root / "outputs" / "environments")
    return replaced(study, root=root)


@pytest.mark.thorough
def test_a_table_is_reproduced_in_a_clone_that_has_only_git(clone: Project) -> None:
    """Also its numbers are those of the new runs, and an edited number is named."""
    done = clone.run("labkart", "reproduce", "reports/totals.tex", UV=uv(clone))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical: all outputs of 3 tasks" in done.stdout
    assert done.stdout.splitlines()[-1] == "reports/totals.tex: all its numbers are the same"
    facts = clone.root / "reports/totals.provenance.json"
    replace(facts, '"mean": ', '"mean": 1')
    done = clone.run("labkart", "reproduce", "totals", UV=uv(clone))
    assert done.returncode == 1
    assert re.search(r"totals.provenance.json: total: mean 1\d\S* -> \d", done.stdout)
    facts.unlink()
    done = clone.run("labkart", "reproduce", "reports/totals.md", UV=uv(clone))
    assert done.returncode == 1
    assert "totals.provenance.json does not exist or is damaged" in done.stderr


@pytest.mark.thorough
def test_a_variable_of_then_and_a_task_that_draws_without_a_seed_are_named_as_causes(
    clone: Project,
) -> None:
    clone.edit("src/my_thesis/pipeline.py", "import random", "import os\nimport random")
    wild = 'os.urandom(2)[0] if os.environ.get("WILD") else random.random()'
    clone.edit("src/my_thesis/pipeline.py", "random.random()", f"({wild})")
    clone.labkart("run", WILD="1")
    (folder,) = (clone.root / "outputs" / "records" / "experiments").iterdir()
    done = clone.run("labkart", "reproduce", folder.name, UV=uv(clone))
    assert done.returncode == 1 and "different: Draw is the first task" in done.stdout
    assert (
        'cause: the code reads the environment variable WILD, which was "1" then and is not set now'
        in done.stdout
    )
    assert "each time" not in done.stdout
    done = clone.run("labkart", "reproduce", folder.name, UV=uv(clone), WILD="1")
    assert done.returncode == 1 and "environment variable" not in done.stdout
    assert "cause: Draw gives another result each time, also twice here (total " in done.stdout


def test_what_means_no_experiment_is_answered_with_a_sentence(study: Project) -> None:
    write(study, "reports/models.md", "a table")
    for words, said in {
        ("README.md",): 'README.md names no report: it has no line "labkart: ..."',
        ("reports/none.tex",): "reports/none.tex does not exist. Give a table of labkart report",
        ("models",): "models.provenance.json does not exist or is damaged",
        ("zzz",): 'No experiment begins with "zzz"',
        (
            "README.md",
            "--tolerance",
            "-1",
        ): "--tolerance must be a number from 0 on, such as 1e-6, got -1.",
    }.items():
        done = reproduce(study, *words)
        assert done.returncode == 1 and said in done.stderr and not done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("moment", ["the run", "git", "uv"])
def test_ctrl_c_leaves_nothing_behind(moment: str, study: Project, tmp_path: Path) -> None:
    """Whatever is at work at that moment."""
    (id,) = (path.name for path in (study.root / "outputs" / "records" / "experiments").iterdir())
    before = contents(study)
    process = subprocess.Popen(
        study.command("labkart", "reproduce", id),
        cwd=study.root,
        env=study.variables(UV=UV, TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    inside = f"labkart-*/{study.root.relative_to('/')}"
    there = {
        "git": "labkart-*",
        "uv": f"{inside}/data/raw/table.csv",
        "the run": f"{inside}/outputs",
    }
    soon(lambda: list(tmp_path.glob(there[moment])))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130 and "Stopped." in errors and "Traceback" not in errors
    assert not list(tmp_path.glob("labkart-*"))
    assert len(git(study, "worktree", "list").splitlines()) == 1
    assert contents(study) == before
    assert not [
        path
        for path in Path("/proc").glob("[0-9]*/environ")
        if str(tmp_path).encode() in _read(path)
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
