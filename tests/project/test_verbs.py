"""`status` says how tasks stand and why; `accept` keeps what a person vouches for; `clean` removes what nothing needs."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Commands
from tests.support.tiny import FILES, start, write
from tests.support.variants import variants

STUDY = {
    "src/study/__init__.py": "",
    "src/study/helpers.py": "def scale(x):\n    return 2 * x\n",
    "src/study/pipeline.py": """\
import luigi
from gokart import TaskInstanceParameter
from labkart import DataFile, Task, make
from .helpers import scale

class Load(Task):
    table = DataFile()
    def run(self):
        self.dump([int(word) for word in self.table.read_text().split()])

class Scale(Task):
    numbers = TaskInstanceParameter(expected_type=Load)
    factor = luigi.IntParameter()
    def run(self):
        self.dump([self.factor * scale(number) for number in self.load(self.numbers)])

class Sum(Task):
    numbers = TaskInstanceParameter(expected_type=Scale)
    def run(self):
        total = sum(self.load(self.numbers))
        self.log_metric("total", total)
        self.dump(total)

def pipeline(cfg):
    scaled = make(Scale, cfg.scale, numbers=make(Load, cfg.load))
    return make(Sum, numbers=scaled)
""",
    "conf/config.yaml": "load:\n  table: data/raw/table.csv\nscale:\n  factor: 3\ntask: null\n",
    "data/raw/table.csv": "1 2 3\n",
}
RENAMED = "def scale(value):\n    return 2 * value\n"

_started: list[Commands] = []


@pytest.fixture(scope="module", autouse=True)
def _processes(warm: Commands) -> Iterator[None]:
    """What the commands import and these tests are not about, imported once."""
    _started.append(warm)
    yield
    _started.clear()


def labkart(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    code = f"from labkart.cli.main import main; raise SystemExit(main({list(words)!r}))"
    return _started[0].code(code, root, root.parent / "lib", MLFLOW_DISABLE_TELEMETRY="true")


@pytest.fixture(scope="module")
def _first(tmp_path_factory: pytest.TempPathFactory, _processes: None) -> Path:
    root = tmp_path_factory.mktemp("ran")
    write(root, **{**FILES, **STUDY})
    assert "total 36" in labkart(root, "run").stdout
    return root


@pytest.fixture
def ran(root: Path, _first: Path) -> Path:
    """A project whose pipeline has run; its answer is 2 * 3 * (1 + 2 + 3)."""
    shutil.copytree(_first, root, dirs_exist_ok=True)
    return root


def stands(root: Path, *words: str) -> dict[str, tuple[str, str]]:
    """State and reason of each task."""
    return {task["name"]: (task["state"], task["reason"]) for task in told(root, *words)["tasks"]}


def told(root: Path, *words: str) -> dict[str, Any]:
    done = labkart(root, "status", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_after_a_run_everything_is_done(ran: Path) -> None:
    everything = told(ran)
    assert {task["state"] for task in everything["tasks"]} == {"done"}
    assert everything["complete"] is True
    assert everything["metrics"] == {"total": 36.0}
    assert everything["experiment"][:6] in labkart(ran, "run").stdout
    for task in everything["tasks"]:
        assert (
            task["seconds"] > 0
            and task["id"] in Path(task["output"]).name
            and Path(task["output"]).is_file()
        )


def test_before_the_first_run_everything_is_missing(root: Path) -> None:
    write(root, **STUDY)
    assert stands(root) == dict.fromkeys(["Load", "Scale", "Sum"], ("missing", "no run yet"))
    assert told(root)["complete"] is False and told(root)["metrics"] == {}


CHANGES: dict[str, tuple[Callable[[Path], object], dict[str, tuple[str, str]]]] = {
    "a helper": (
        lambda root: write(root, **{"src/study/helpers.py": "def scale(x):\n    return 5 * x\n"}),
        {
            "Load": ("done", ""),
            "Scale": ("changed", "helpers.py: scale"),
            "Sum": ("changed", "upstream Scale"),
        },
    ),
    "a method": (
        lambda root: edit(
            root, "src/study/pipeline.py", "self.dump(total)", "self.dump(total + 0)"
        ),
        {"Load": ("done", ""), "Scale": ("done", ""), "Sum": ("changed", "pipeline.py: Sum.run")},
    ),
    "a file": (
        lambda root: write(root, **{"data/raw/table.csv": "1 2 4\n"}),
        {
            "Load": ("changed", "data/raw/table.csv changed"),
            "Scale": ("changed", "upstream Load"),
            "Sum": ("changed", "upstream Scale"),
        },
    ),
    "a parameter": (
        lambda root: edit(root, "conf/config.yaml", "factor: 3", "factor: 4"),
        {
            "Load": ("done", ""),
            "Scale": ("missing", "no run yet with factor=4"),
            "Sum": ("missing", "upstream Scale"),
        },
    ),
    "an output that was edited": (
        lambda root: output(root, "Sum").write_bytes(b"0"),
        {
            "Load": ("done", ""),
            "Scale": ("done", ""),
            "Sum": ("changed", "outputs/cache/study/pipeline/{Sum} changed"),
        },
    ),
    "an output that was deleted": (
        lambda root: output(root, "Sum").unlink(),
        {
            "Load": ("done", ""),
            "Scale": ("done", ""),
            "Sum": ("changed", "outputs/cache/study/pipeline/{Sum} is gone"),
        },
    ),
}


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    write(root, **{name: text.replace(old, new)})


def output(root: Path, task: str) -> Path:
    (found,) = (root / "outputs" / "cache").rglob(f"{task}_*.pkl")
    return found


@pytest.mark.parametrize("change", variants([*CHANGES], 3))
def test_what_changed_is_said_in_words(change: str, ran: Path) -> None:
    apply, expected = CHANGES[change]
    name = output(ran, "Sum").name
    apply(ran)
    assert stands(ran) == {
        task: (state, why.replace("{Sum}", name)) for task, (state, why) in expected.items()
    }


def test_a_package_is_named_with_both_versions(ran: Path) -> None:
    edit(ran, "src/study/helpers.py", "def scale", "import dep\ndef scale")
    edit(ran, "src/study/helpers.py", "2 * x", "dep.two() * x")
    for version in ("1.0", "1.1"):
        about = f"Metadata-Version: 2.1\nName: dep\nVersion: {version}\n"
        write(
            ran.parent / "lib",
            **{"dep.py": "def two(): return 2\n", "dep-1.dist-info/METADATA": about},
        )
        if version == "1.0":
            labkart(ran, "run")
    assert stands(ran)["Scale"] == ("changed", "dep 1.0 -> 1.1")


def test_a_failure_is_told_again(ran: Path) -> None:
    edit(
        ran,
        "src/study/pipeline.py",
        "total = sum",
        'raise ValueError("no luck")\n        total = sum',
    )
    labkart(ran, "run")
    assert (
        stands(ran)["Sum"][1].startswith("failed: src/study/pipeline.py:")
        and "no luck" in stands(ran)["Sum"][1]
    )


def test_the_table_says_what_it_will_cost(ran: Path) -> None:
    edit(ran, "src/study/helpers.py", "2 * x", "3 * x")
    lines = labkart(ran, "status").stdout.splitlines()
    assert lines[0].split() == ["Load", "done"]
    assert (
        lines[1].split()[:4] == ["Scale", "changed", "helpers.py:", "scale"]
        and "about 0." in lines[1]
    )
    assert re.fullmatch(r"2 of 3 tasks to run, about 0\.\d s", lines[-1].strip())


def test_status_runs_and_records_nothing(ran: Path) -> None:
    edit(ran, "src/study/helpers.py", "2 * x", "3 * x")
    before = sorted((ran / "outputs" / "records").rglob("*"))
    labkart(ran, "status")
    assert sorted((ran / "outputs" / "records").rglob("*")) == before


@pytest.mark.parametrize("verb", ["status", "accept"])
@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("scale.facto=1", 'conf/config.yaml: no setting "scale.facto". Did you mean "factor"?'),
        (
            "load.table=data/raw/none.csv",
            "load.table=data/raw/none.csv: Load.table: data/raw/none.csv does not exist. Put the file there",
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence(verb: str, word: str, sentence: str, ran: Path) -> None:
    done = labkart(ran, verb, word)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence) and "Traceback" not in done.stderr


# accept


def test_what_a_person_accepts_is_kept_under_the_new_id_and_noted(ran: Path) -> None:
    before = {task["name"]: task["id"] for task in told(ran)["tasks"]}
    write(ran, **{"src/study/helpers.py": RENAMED})
    assert labkart(ran, "accept").returncode == 0
    after = told(ran)
    assert after["complete"] is True and after["metrics"] == {"total": 36.0}
    assert {task["name"] for task in after["tasks"] if task["id"] != before[task["name"]]} == {
        "Scale",
        "Sum",
    }
    (record,) = (ran / "outputs/records/tasks").glob(f"Scale_{after['tasks'][1]['id']}/record.json")
    accepted = json.loads(record.read_text())["accepted"]
    assert accepted["from"] == before["Scale"] and accepted["changes"] == "helpers.py: scale"
    assert accepted["by"] and accepted["at"].startswith("20")
    said = labkart(ran, "run").stdout
    assert said.count("cached") == 3 and "total 36" in said


def test_mlflow_shows_what_was_accepted(ran: Path) -> None:
    write(ran, **{"src/study/helpers.py": RENAMED})
    labkart(ran, "accept")
    labkart(ran, "run")
    script = """\
from labkart.tracking import connection
client, experiment = connection.open_store()
newest = client.search_runs([experiment])[0]
print(newest.data.tags["labkart.accepted"])
print(newest.data.tags["mlflow.note.content"])
"""
    said = _started[0].code(script, ran).stdout
    assert (
        said.startswith("Scale accepted by ")
        and "helpers.py: scale" in said
        and "- Scale accepted by" in said
    )


@pytest.mark.thorough
def test_every_combination_can_be_accepted_at_once(ran: Path) -> None:
    sweep = ["-m", "scale.factor=1,2,3"]
    labkart(ran, "run", *sweep)
    write(ran, **{"src/study/helpers.py": RENAMED})
    assert labkart(ran, "accept", *sweep).stdout.strip() == "7 of 7 tasks of 3 experiments done"
    assert all(told(ran, f"scale.factor={factor}")["complete"] for factor in (1, 2, 3))
    again = labkart(ran, "accept", *sweep)
    assert (again.returncode, again.stderr) == (
        1,
        "There is nothing to accept: every task is done.\n",
    )


def test_what_of_many_cannot_be_accepted_is_named(ran: Path) -> None:
    write(ran, **{"src/study/helpers.py": RENAMED})
    done = labkart(ran, "accept", "scale.factor=3,4", "-m")
    lines = done.stdout.splitlines()
    assert lines[0].strip() == "3 of 5 tasks of 2 experiments done"
    assert [line.split()[:2] for line in lines[1:3]] == [["Scale", "missing"], ["Sum", "missing"]]


def test_a_change_after_an_accepted_one_counts_again(ran: Path) -> None:
    write(ran, **{"src/study/helpers.py": RENAMED})
    labkart(ran, "accept")
    write(ran, **{"src/study/helpers.py": "def scale(value):\n    return 5 * value\n"})
    assert "total 90" in labkart(ran, "run").stdout


@pytest.mark.parametrize(
    "change", ["a file", "a parameter", "an output that was edited", "an output that was deleted"]
)
def test_changed_data_parameters_and_outputs_are_never_accepted(change: str, ran: Path) -> None:
    CHANGES[change][0](ran)
    done = labkart(ran, "accept")
    assert done.returncode == 1
    assert done.stderr.startswith("Nothing can be accepted. Only changes of code and packages can")
    assert told(ran)["complete"] is False


def test_code_is_not_accepted_over_changed_data(ran: Path) -> None:
    write(ran, **{"src/study/helpers.py": RENAMED, "data/raw/table.csv": "1 2 4\n"})
    assert labkart(ran, "accept").returncode == 1
    assert "total 42" in labkart(ran, "run").stdout


def test_what_follows_a_task_that_really_ran_again_is_not_accepted(ran: Path) -> None:
    """`Scale` has other numbers now, so nobody can vouch for the sum of the earlier ones."""
    write(ran, **{"src/study/helpers.py": "def scale(x):\n    return 5 * x\n"})
    labkart(ran, "run", "task=Scale")
    assert labkart(ran, "accept").returncode == 1
    assert "total 90" in labkart(ran, "run").stdout


def test_there_may_be_nothing_to_accept(ran: Path) -> None:
    done = labkart(ran, "accept")
    assert (done.returncode, done.stderr) == (
        1,
        "There is nothing to accept: every task is done.\n",
    )


# clean


def pickles(root: Path) -> set[str]:
    return {file.name for file in (root / "outputs" / "cache").rglob("*.pkl")}


def test_outputs_of_other_code_are_shown_with_their_sizes_and_removed_when_the_person_agrees(
    ran: Path,
) -> None:
    old = pickles(ran)
    write(ran, **{"src/study/helpers.py": "def scale(x):\n    return 5 * x\n"})
    labkart(ran, "run")
    shown = labkart(ran, "clean").stdout
    assert (
        "2 files, " in shown
        and "bytes that nothing needs" in shown
        and "Nothing was removed" in shown
    )
    assert old < pickles(ran)
    assert "2 files" in labkart(ran, "clean", "--yes").stdout
    assert {name.partition("_")[0] for name in old - pickles(ran)} == {"Scale", "Sum"}
    assert told(ran)["complete"] is True
    assert "Nothing to remove" in labkart(ran, "clean").stdout


def test_outputs_of_other_settings_that_were_run_stay(ran: Path) -> None:
    labkart(ran, "run", "scale.factor=4")
    labkart(ran, "clean", "--yes")
    assert told(ran)["complete"] and told(ran, "scale.factor=4")["complete"]


def test_what_an_experiment_that_is_kept_has_used_stays(ran: Path) -> None:
    old, experiment = pickles(ran), told(ran)["experiment"]
    write(ran, **{"src/study/helpers.py": "def scale(x):\n    return 5 * x\n"})
    labkart(ran, "run")
    assert "Nothing to remove" in labkart(ran, "clean", "--keep", experiment[:6], "--yes").stdout
    assert "Nothing to remove" in labkart(ran, "clean", "--yes").stdout
    assert old < pickles(ran)


def test_an_output_without_a_record_is_removed(ran: Path) -> None:
    stray = ran / "outputs/cache/study/pipeline/Sum_0123456789abcdef0123456789abcdef.pkl"
    stray.write_bytes(b"half")
    assert "never finished" in labkart(ran, "clean", "--yes").stdout
    assert not stray.exists() and told(ran)["complete"]


def test_checkpoints_of_tasks_that_no_experiment_needs_are_removed(ran: Path) -> None:
    needed = next(ran.glob("outputs/records/tasks/Sum_*")).name
    for key in (needed, f"Sum_{'0' * 32}"):
        write(ran, **{f"outputs/checkpoints/{key}/model.pt": "x" * 2000})
    shown = labkart(ran, "clean", "--yes").stdout
    assert f"2.0 kB   outputs/checkpoints/Sum_{'0' * 32}   never finished" in shown
    assert [folder.name for folder in ran.glob("outputs/checkpoints/*")] == [needed]


@pytest.mark.parametrize("place", ["environments", "jobs"])
def test_packages_of_reproductions_and_logs_of_jobs_are_removed_after_a_week(
    place: str, ran: Path
) -> None:
    new, old = ran / "outputs" / place / "new", ran / "outputs" / place / "old"
    write(ran, **{f"outputs/{place}/{name}/lib/file": "x" * 2000 for name in ("new", "old")})
    eight_days_ago = time.time() - 8 * 24 * 3600
    os.utime(old, (eight_days_ago, eight_days_ago))
    assert f"2.0 kB   outputs/{place}/old" in labkart(ran, "clean").stdout and old.exists()
    assert "1 file, 2.0 kB removed" in labkart(ran, "clean", "--yes").stdout
    assert new.exists() and not old.exists()


@pytest.mark.parametrize("id", ["ffffff", "../.."])
def test_an_experiment_that_is_not_there_cannot_be_kept(id: str, ran: Path) -> None:
    done = labkart(ran, "clean", "--keep", id, "--yes")
    assert done.returncode == 1
    assert done.stderr.startswith(f'No experiment begins with "{id}". There are: ')


# run


DYNAMIC = """\
import luigi
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from labkart import Task
from . import other

class Number(Task):
    number = luigi.IntParameter()
    def run(self):
        self.dump(self.number)

class Double(Task):
    of = TaskInstanceParameter()
    def run(self):
        self.dump(2 * self.load(self.of))

class Total(Task):
    parts = ListTaskInstanceParameter()
    def run(self):
        self.dump(sum(self.load(list(self.parts))))

class Sum(Task):
    def run(self):
        total = Total(parts=[Double(of=Double(of=Number(number=number))) for number in (1, 2, 3)])
        yield total
        self.log_metric("total", total.output().load())
        self.dump(total.output().load())

def pipeline(cfg):
    return Sum()
"""


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_may_yield_tasks_that_build_on_others_also_where_two_classes_have_one_name(
    workers: int, ran: Path
) -> None:
    other = "from labkart import Task\nclass Number(Task): ...\nclass Lone(Task): ...\n"
    files = {
        "src/study/__init__.py": "",
        "src/study/pipeline.py": DYNAMIC,
        "src/study/other.py": other,
    }
    write(ran, **files, **{"conf/config.yaml": f"labkart:\n  workers: {workers}\n"})
    done = labkart(ran, "run")
    assert "total 24" in done.stdout, done.stderr


def test_what_a_yielded_task_reads_counts_for_the_task_that_yielded_it(ran: Path) -> None:
    study = """\
from labkart import DataFile, Task
class Load(Task):
    table = DataFile()
    def run(self):
        self.dump(int(self.table.read_text()))

class Sum(Task):
    def run(self):
        load = Load(table="data/raw/number.txt")
        yield load
        self.log_metric("total", load.output().load())
        self.dump(load.output().load())

def pipeline(cfg):
    return Sum()
"""
    write(
        ran,
        **{
            "src/study/__init__.py": "",
            "src/study/pipeline.py": study,
            "data/raw/number.txt": "24",
        },
    )
    assert "total 24" in labkart(ran, "run").stdout
    assert "nothing to do" in labkart(ran, "run").stdout
    write(ran, **{"data/raw/number.txt": "42"})
    assert stands(ran)["Sum"] == ("changed", "data/raw/number.txt changed")
    assert "total 42" in labkart(ran, "run").stdout


YIELDS = """\
from datetime import timedelta
from luigi import DictParameter, OptionalParameter, TimeDeltaParameter
from labkart import Task

class Ground(Task):
    name = OptionalParameter()
    wait = TimeDeltaParameter()
    table = DictParameter()
    def run(self):
        factor = 1
        self.dump(factor * len(repr((self.name, self.wait, dict(self.table)))))

class Middle(Task):
    def requires(self):
        return Ground(name="", wait=timedelta(microseconds=1), table={1: True})
    def run(self):
        self.dump(self.load())

class Sum(Task):
    def run(self):
        middle = Middle()
        own = Ground(name="", wait=timedelta(microseconds=2), table={1: 1.0})
        yield [middle, own]
        total = middle.output().load() + own.output().load()
        self.log_metric("total", total)
        self.dump(total)

def pipeline(cfg):
    return Sum()
"""


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
def test_a_yielded_task_keeps_its_values_and_runs_again_when_what_it_needs_changed(
    workers: int, ran: Path
) -> None:
    code = {"src/study/__init__.py": "", "src/study/pipeline.py": YIELDS}
    write(ran, **code, **{"conf/config.yaml": f"labkart:\n  workers: {workers}\n"})
    texts = [
        f"('', datetime.timedelta(microseconds={n}), {{1: {v}}})" for n, v in ((1, True), (2, 1.0))
    ]
    total = sum(map(len, texts))
    done = labkart(ran, "run")
    assert f"total {total}" in done.stdout, done.stderr
    assert "nothing to do" in labkart(ran, "run").stdout
    write(ran, **{"src/study/pipeline.py": YIELDS.replace("factor = 1", "factor = 10")})
    assert f"total {10 * total}" in labkart(ran, "run").stdout


@pytest.mark.parametrize("name", ["src/study/helpers.py", "conf/config.yaml"])
def test_nothing_is_removed_while_the_project_cannot_be_read(name: str, ran: Path) -> None:
    before = pickles(ran)
    (ran / name).write_text("<<<<<<< HEAD: [\n")
    done = labkart(ran, "clean", "--yes")
    assert done.returncode == 1 and done.stderr and "Traceback" not in done.stderr
    assert pickles(ran) == before


# any verb


def test_who_reads_no_further_sees_no_traceback(ran: Path) -> None:
    with start(
        "from labkart.cli.main import main; raise SystemExit(main(['runs', '--json']))", ran
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
