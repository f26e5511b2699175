"""One process at a time computes a task; what a killed one left is removed, and nothing of one that lives."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gokart
import pytest
from filelock import Timeout

from labkart import Task
from labkart.records import locks
from tests.support.tiny import python, soon, start, write

pytestmark = pytest.mark.usefixtures("root")

ID = "0123456789abcdef" * 2
TASK = f"Train_{ID}"
LOCK = Path(f"outputs/cache/locks/{ID}.lock")

HOLD = """\
import sys, time
from pathlib import Path
from labkart.records import locks
with locks.locked(sys.argv[1]):
    Path("held").touch()
    while not Path("enough").exists():
        time.sleep(0.001)
"""


@contextmanager
def held_elsewhere(task: str = TASK) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the lock of a task, until there is a file `enough`."""
    process = start(HOLD.replace("sys.argv[1]", repr(task)), Path.cwd())
    soon(Path("held").exists)
    try:
        yield process
    finally:
        Path("enough").touch()
        _, errors = process.communicate(timeout=60)
        assert process.returncode in (0, -9), errors


def is_free(task: str = TASK) -> bool:
    try:
        with locks.locked_if_free(task):
            return True
    except Timeout:
        return False


def ended() -> int:
    """The id of a process that is no more."""
    return int(python("import os; print(os.getpid())", Path.cwd()))


def test_a_lock_is_held_while_the_block_runs_and_leaves_no_file() -> None:
    with locks.locked(TASK):
        assert not is_free()
    assert is_free()
    assert list(LOCK.parent.iterdir()) == []


def test_a_lock_is_free_after_an_error() -> None:
    with pytest.raises(ValueError), locks.locked(TASK):
        raise ValueError
    assert is_free()


def test_tasks_do_not_wait_for_one_another() -> None:
    with locks.locked(TASK):
        assert is_free(f"Train_{'0' * 32}")


def test_a_process_that_waits_says_for_which_one(caplog: pytest.LogCaptureFixture) -> None:
    got = threading.Event()

    def wait() -> None:
        with locks.locked(TASK):
            got.set()

    with held_elsewhere() as holder:
        waiting = threading.Thread(target=wait)
        waiting.start()
        soon(lambda: caplog.records)
        assert not got.is_set()
    waiting.join(60)
    assert got.is_set()
    who = f"process {holder.pid}" if sys.platform == "linux" else "another process"
    assert caplog.record_tuples == [
        ("labkart.records.locks", logging.WARNING, f"Train waits: {who} is computing it.")
    ]


def test_a_process_that_need_not_wait_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with locks.locked(TASK):
        pass
    assert caplog.records == []


def test_the_lock_of_a_killed_process_is_free() -> None:
    with held_elsewhere() as holder:
        holder.kill()
        holder.wait(60)
        assert LOCK.exists()
        with locks.locked(TASK):
            pass
    assert not LOCK.exists()


class HoldsInSteps(Task[int]):
    def run(self):  # type: ignore[no-untyped-def]
        self.free = is_free(self.task_family + "_" + self.make_unique_id())
        self.dump(1)
        yield from ()


class Holds(Task[int]):
    def run(self) -> None:
        self.free = is_free(self.task_family + "_" + self.make_unique_id())
        self.dump(1)


@pytest.mark.parametrize("kind", [Holds, HoldsInSteps])
def test_a_task_holds_its_lock_while_it_runs(kind: type[Task[int]]) -> None:
    task = kind()
    gokart.build(task)
    assert not task.free  # type: ignore[attr-defined]
    assert is_free(f"{kind.__name__}_{task.make_unique_id()}")


HALVES = [
    f"study/tasks/Train_{ID}.pkl-luigi-tmp-0000012345",
    f"models/my_model_{ID}.npz-luigi-tmp-0000012345",
    f"Train_{ID}.csv-luigi-tmp-7",
]


@pytest.mark.parametrize("half", HALVES)
def test_halves_of_outputs_go_whether_or_not_a_lock_was_left(half: str) -> None:
    for left in (False, True):
        write(Path("outputs/cache"), **{half: "half"})
        if left:
            write(Path(), **{str(LOCK): ""})
        assert locks.remove_leftovers() == [Path("outputs/cache", half).absolute()]
        assert [path for path in Path("outputs/cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("half", HALVES)
def test_what_a_living_process_writes_stays(half: str) -> None:
    write(Path("outputs/cache"), **{half: "half"})
    with held_elsewhere():
        assert locks.remove_leftovers() == []
        assert (Path("outputs/cache", half).exists(), LOCK.exists()) == (True, True)
    assert locks.remove_leftovers() == [Path("outputs/cache", half).absolute()]


def test_a_half_that_names_no_task_goes_when_it_is_a_day_old() -> None:
    half = Path("outputs/cache/model.pkl-luigi-tmp-0000012345").absolute()
    write(Path(), **{str(half): "half"})
    assert locks.remove_leftovers() == []
    os.utime(half, (0, time.time() - 90_000))
    assert locks.remove_leftovers() == [half]


@pytest.mark.parametrize(
    "folder", ["records/tasks/Train_0", "records/experiments/e1", "memos/digests", "memos"]
)
def test_a_half_of_a_record_goes_once_its_process_is_gone(folder: str) -> None:
    old, young, living = (
        Path("outputs", folder, f".record.json.{process}.tmp").absolute()
        for process in (ended(), 10**8, os.getpid())
    )
    for path in (old, young, living):
        write(Path(), **{str(path): "half"})
    for path in (old, living):
        os.utime(path, (0, time.time() - 90_000))
    assert locks.remove_leftovers() == [old]


def test_the_scratch_folder_of_a_process_goes_when_it_is_gone() -> None:
    host, tmp = socket.gethostname(), Path("outputs/cache/tmp").absolute()
    names = [f"{host}.{ended()}", f"{host}.{os.getpid()}", "elsewhere.123456", f"{host}.notes"]
    write(tmp, **{f"{name}/model/model.pkl": "unpacked" for name in names})
    assert locks.remove_leftovers() == [tmp / names[0]]
    assert {path.name for path in tmp.iterdir()} == set(names[1:])


def test_outputs_and_records_stay() -> None:
    class Keep(Task[int]):
        def run(self) -> None:
            self.dump(1)

    gokart.build(Keep())
    before = {path for path in Path("outputs").rglob("*") if path.is_file()}
    assert locks.remove_leftovers() == []
    assert {path for path in Path("outputs").rglob("*") if path.is_file()} == before


def test_there_is_nothing_to_sweep_in_a_new_project(root: Path) -> None:
    assert locks.remove_leftovers() == []
    assert not (root / "outputs").exists()


RUN = """\
import time
from pathlib import Path
from labkart.records import locks
with locks.mark_running("e1"):
    Path("runs").touch()
    time.sleep(60)
"""


def test_only_what_ran_in_a_process_that_died_is_abandoned_and_it_is_said_once() -> None:
    with locks.mark_running("mine"):
        assert locks.abandoned_experiments() == []
        process = start(RUN, Path.cwd())
        soon(Path("runs").exists)
        assert locks.abandoned_experiments() == []
        process.kill()
        process.communicate()
        assert locks.abandoned_experiments() == ["e1"]
        assert locks.abandoned_experiments() == []
    assert not list(Path("outputs/running").iterdir())


def test_the_same_experiment_may_run_twice_and_is_marked_as_long_as_the_first_does() -> None:
    with locks.mark_running("e1"):
        with locks.mark_running("e1"):
            pass
        assert (
            python(
                "from labkart.records import locks; print(locks.abandoned_experiments())",
                Path.cwd(),
            )
            == "[]"
        )
