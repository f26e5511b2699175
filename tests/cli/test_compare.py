"""`labkart compare` names what differs between two experiments, with the code's difference where git has both."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkart.cli import main
from labkart.records import provenance
from labkart.records.record import ExperimentRecord, TaskRun
from labkart.records.texts import text_file
from tests.records.test_record import EXPERIMENT, TASK
from tests.support.tiny import write

Compared = Callable[..., str]
CODE = "def fit(x):\n    return {}\n"


def experiment(id: str, task: str = "a1", **changes: Any) -> ExperimentRecord:
    """One of a task that others may share; what a record has beside it is written too."""
    made = {"data": TASK.data, "code": task}
    record = replace(
        EXPERIMENT,
        id=id,
        status="finished",
        started="2026-11-21T09:00:00.000+09:00",
        config={"model": {"params": {"trees": 300}}, "labkart": {"workers": 2}},
        environment={"python": "3.11.7", "host": "lab"},
        tasks=[TaskRun("Train", "Train", task, "ran", 1.5, result=made)],
    )
    return replace(record, **changes)


@pytest.fixture
def compared(root: Path, capsys: pytest.CaptureFixture[str]) -> Compared:
    """What the verb prints of experiments that begin with a and b."""

    def told(*words: str, code: int = 0) -> str:
        assert main.main(["compare", *(words or ("a", "b"))]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return told


def section(printed: str, name: str) -> list[list[str]]:
    """The rows below a head."""
    blocks = [block.splitlines() for block in printed.split("\n\n")]
    return next(
        ([row.split() for row in block[1:]] for block in blocks if block[0].split()[:1] == [name]),
        [],
    )


def git(root: Path, *words: str) -> str:
    words = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", *words)
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def test_what_differs_has_a_table_and_what_does_not_one_line(compared: Compared) -> None:
    TASK.write()
    replace(TASK, id="a1").write()
    experiment("a1").write(shared={"packages.txt": "numpy==2.3.4\n"})
    experiment("b1", settings={"model": "linear", "seed": 1}).write(
        shared={"packages.txt": "numpy==2.3.4\n"}
    )
    printed = compared()
    assert section(printed, "settings") == [["model", "forest", "linear"]]
    assert "the same: metrics, data, packages, machine, code, the runs of Train" in printed
    assert not section(printed, "metrics") and "trees" not in printed


def test_all_that_can_differ_is_named(compared: Compared) -> None:
    replace(TASK, id="a1").write()
    replace(TASK, id="b1", wall_seconds=2.0, code={"study/tasks.py": {"Train.run": "456"}}).write()
    experiment("a1").write(shared={"packages.txt": "gone==1\nnumpy==2.3.4\ntiny==0.1\n"})
    other = experiment(
        "b1",
        "b1",
        environment={"python": "3.13.1", "host": "lab"},
        metrics={"accuracy": 0.5, "f1": 0.1},
    )
    other.config["model"]["params"] = {"trees": 10, "depth": 3}
    other.config["labkart"]["workers"] = 1
    other.tasks[0].result["data"] = {"table": {"path": "data/raw/table.csv", "sha256": "ff" * 32}}
    other.write(shared={"packages.txt": "numpy==2.4.0\ntiny==0.2\n"})
    printed = compared()
    assert section(printed, "settings") == [
        ["model.params.trees", "300", "10"],
        ["model.params.depth", "-", "3"],
    ]
    assert section(printed, "metrics") == [
        ["accuracy", "0.750", "0.500", "-0.250"],
        ["f1", "-", "0.100"],
    ]
    assert section(printed, "seconds") == [["Train", "1.500", "2.000", "+0.500"]]
    assert section(printed, "packages") == [["gone", "1", "-"], ["numpy", "2.3.4", "2.4.0"]]
    assert section(printed, "machine") == [["python", "3.11.7", "3.13.1"]]
    table = ["Train.table", "data/raw/table.csv", "00aa", "data/raw/table.csv", "ffffffff"]
    assert section(printed, "data") == [table]
    assert "code that differs: tasks.py: Train.run" in printed
    assert "git does not have both states" in printed  # there is no repository
    said = json.loads(compared("a", "b", "--json"))
    assert said["code"] == {
        "changed": ["tasks.py: Train.run"],
        "one": [],
        "other": [],
        "diff": None,
    }
    assert said["metrics"] == {"accuracy": [0.75, 0.5], "f1": [None, 0.1]} and said["tasks"] == {
        "Train": [1.5, 2.0]
    }


def test_code_that_only_one_of_them_uses_is_no_change(compared: Compared) -> None:
    replace(
        TASK,
        id="a1",
        code={"study/tasks.py": {"fit": "1", "Forest": "2", "Forest.run": "3", "order": "4"}},
    ).write()
    replace(
        TASK,
        id="b1",
        code={"study/tasks.py": {"fit": "1", "Linear": "5", "Linear.run": "6", "order": "7"}},
    ).write()
    experiment("a1").write()
    experiment("b1", "b1").write()
    printed = compared()
    assert "code that only a1 uses: tasks.py: Forest\n" in printed
    assert "code that only b1 uses: tasks.py: Linear\n" in printed
    assert "code that both use" in printed and "code that differs" not in printed


def test_where_a_tasks_record_is_gone_the_experiments_own_still_says_that_its_code_differs(
    compared: Compared,
) -> None:
    experiment("a1").write()
    experiment("b1", "b1").write()
    assert "code that differs: Train, whose record is gone" in compared()


def test_of_a_task_that_did_not_run_no_code_is_said_to_differ(compared: Compared) -> None:
    TASK.write()
    experiment("a1").write()
    experiment("b1", tasks=[TaskRun("Train", "Train", "b1", "not run")], status="failed").write()
    assert "code that differs" not in compared()


@pytest.fixture
def ran(root: Path) -> Callable[..., ExperimentRecord]:
    """Record an experiment on the code that is there."""

    def recorded(id: str, digest: str) -> ExperimentRecord:
        replace(TASK, id=id, code={"study/tasks.py": {"fit": digest}}).write()
        code, diff = provenance.code_state(root)
        record = experiment(id, id, code=code)
        record.write(shared={"uncommitted.patch.txt": diff})
        return record

    return recorded


@pytest.mark.parametrize("alone", [True, False])
def test_the_diff_is_between_what_ran_with_its_uncommitted_changes(
    alone: bool,
    root: Path,
    tmp_path: Path,
    compared: Compared,
    ran: Callable[..., ExperimentRecord],
) -> None:
    git(root if alone else tmp_path, "init", "-q")  # the project may be a folder of a repository
    write(
        root,
        **{".gitignore": "outputs/\n", "src/study/tasks.py": CODE.format(1), "notes.txt": "one\n"},
    )
    git(root, "add", ".")
    git(root, "commit", "-qm", "One")
    write(root, **{"src/study/tasks.py": CODE.format(2), "notes.txt": "two\n"})
    ran("a1", "111")
    git(root, "commit", "-qam", "Two")
    write(root, **{"src/study/tasks.py": CODE.format(3)})
    ran("b1", "222")
    write(root, **{"src/study/tasks.py": CODE.format(4)})
    before = git(root, "status", "--porcelain"), git(root, "count-objects", "-v")
    printed = compared()
    changed = [line for line in printed.splitlines() if line[:1] in "+-" and line[1:2] == " "]
    assert changed == ["-    return 2", "+    return 3"]
    assert "code that differs: tasks.py: fit" in printed and "notes" not in printed
    assert (git(root, "status", "--porcelain"), git(root, "count-objects", "-v")) == before


def test_code_that_was_never_committed_has_a_diff_too(
    root: Path, compared: Compared, ran: Callable[..., ExperimentRecord]
) -> None:
    git(root, "init", "-q")
    write(root, **{".gitignore": "outputs/\n", "src/study/tasks.py": CODE.format(1)})
    ran("a1", "111")
    write(root, **{"src/study/tasks.py": CODE.format(2)})
    ran("b1", "222")
    assert "-    return 1\n+    return 2\n" in compared()


def test_how_a_student_has_configured_git_does_not_change_the_diff(
    root: Path, compared: Compared, ran: Callable[..., ExperimentRecord]
) -> None:
    git(root, "init", "-q")
    for name, value in {
        "color.ui": "always",
        "diff.external": "false",
        "diff.noprefix": "true",
    }.items():
        git(root, "config", name, value)
    write(root, **{".gitignore": "outputs/\n", "src/study/tasks.py": CODE.format(1)})
    ran("a1", "111")
    write(root, **{"src/study/tasks.py": CODE.format(2)})
    ran("b1", "222")
    printed = compared()
    assert "--- a/src/study/tasks.py\n+++ b/src/study/tasks.py\n" in printed
    assert "-    return 1\n+    return 2\n" in printed


@pytest.mark.parametrize("lost", ["commit", "patch"])
def test_without_one_of_the_states_the_names_stay(
    lost: str, root: Path, compared: Compared, ran: Callable[..., ExperimentRecord]
) -> None:
    git(root, "init", "-q")
    write(root, **{".gitignore": "outputs/\n", "src/study/tasks.py": CODE.format(1)})
    git(root, "add", ".")
    git(root, "commit", "-qm", "One")
    ran("a1", "111")
    write(root, **{"src/study/tasks.py": CODE.format(2)})
    record = ran("b1", "222")
    assert "+    return 2" in compared()
    if lost == "commit":
        record.code["commit"] = "c" * 40
        record.write()
    else:
        text_file(record.texts["uncommitted.patch.txt"]).unlink()
    printed = compared()
    assert (
        "code that differs: tasks.py: fit" in printed and "git does not have both states" in printed
    )
    assert "+    return 2" not in printed


def test_a_masked_line_in_another_file_does_not_cost_the_diff(
    root: Path, compared: Compared, ran: Callable[..., ExperimentRecord]
) -> None:
    git(root, "init", "-q")
    write(
        root,
        **{
            ".gitignore": "outputs/\n",
            "src/study/tasks.py": CODE.format(1),
            "login.txt": "a secret word\nx\n",
        },
    )
    git(root, "add", ".")
    git(root, "commit", "-qm", "One")
    ran("a1", "111")
    write(root, **{"src/study/tasks.py": CODE.format(2), "login.txt": "a secret word\ny\n"})
    record = ran("b1", "222")
    patch = record.text("uncommitted.patch.txt").replace("secret", "***")
    record.write(shared={"uncommitted.patch.txt": patch})
    assert "+    return 2" in compared()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a", "a1"), "Both are experiment a1."),
        (("a", "x"), 'No experiment begins with "x".'),
        (("a", "b"), '2 experiments begin with "b".'),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    words: tuple[str, str], said: str, compared: Compared
) -> None:
    for id in ("a1", "b1", "b2"):
        experiment(id).write()
    printed = compared(*words, code=1)
    assert said in printed and printed.count("\n") == 1


def test_an_experiment_is_known_by_its_run_in_mlflow_too(compared: Compared) -> None:
    for id, run in (("a1", "ce0ffee1"), ("b1", "ce0ffee2")):
        experiment(id).write()
        (experiment(id).folder / ".mlflow.json").write_text(json.dumps({"a store": {"run": run}}))
    assert "a1" in compared("ce0ffee1", "b1") and "a1" in compared("a1", "ce0ffee2")
    # Nobody means a run by one letter; a misspelt experiment it may be.
    assert 'No experiment begins with "c".' in compared("c", "b1", code=1)
