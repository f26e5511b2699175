"""One process at a time computes a task, and what runs is marked."""

import fcntl
import logging
import os
import socket
import sys
import threading
from pathlib import Path

import gokart
import pytest
from filelock import FileLock, Timeout

from labkart import Task
from labkart.records import file_lock, locks
from tests.support.tiny import soon, write

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("root")]

ID = "0123456789abcdef" * 2
TASK = f"Train_{ID}"
LOCK = Path(f"outputs/cache/locks/{ID}.lock")


def is_free(task: str = TASK) -> bool:
    try:
        with locks.locked_if_free(task):
            return True
    except Timeout:
        return False


def test_a_lock_is_held_while_the_block_runs_and_leaves_no_file() -> None:
    with locks.locked(TASK):
        assert not is_free()
    assert is_free()
    assert list(LOCK.parent.iterdir()) == []


def test_a_lock_is_free_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), locks.locked(TASK):
        _ = 1 / 0
    assert is_free()


def test_to_ask_for_a_lock_makes_no_file() -> None:
    assert not locks.is_locked(TASK)
    assert not Path("outputs").exists()
    with locks.locked(TASK):
        assert locks.is_locked(TASK)
    assert not file_lock.is_held(LOCK) and list(LOCK.parent.iterdir()) == []


def test_who_only_asks_keeps_nobody_from_marking() -> None:
    host = socket.gethostname()
    mark = Path(f"outputs/running/e1.{os.getpid()}.{host}.lock")
    write(Path(), **{str(mark): ""})
    with mark.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        threading.Timer(0.05, fcntl.flock, (file, fcntl.LOCK_UN)).start()
        with locks.mark_running("e1"):
            assert file_lock.is_held(mark)


def test_tasks_do_not_wait_for_one_another() -> None:
    with locks.locked(TASK):
        assert is_free(f"Train_{'0' * 32}")


def test_who_waits_says_for_which_process_and_gets_the_lock(
    caplog: pytest.LogCaptureFixture,
) -> None:
    acquired = threading.Event()

    def wait() -> None:
        with locks.locked(TASK):
            acquired.set()

    waiting = threading.Thread(target=wait)
    with locks.locked(TASK):
        waiting.start()
        soon(lambda: caplog.records)
        assert not acquired.is_set()
    waiting.join(300)
    assert acquired.is_set()
    holder = f"process {os.getpid()}" if sys.platform == "linux" else "another process"
    assert caplog.record_tuples == [
        ("labkart.records.locks", logging.WARNING, f"Train waits: {holder} is computing it.")
    ]


def test_who_need_not_wait_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with locks.locked(TASK):
        pass
    assert caplog.records == []


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


def test_only_a_mark_that_no_process_holds_is_abandoned_and_it_is_returned_once() -> None:
    host = socket.gethostname()
    write(Path("outputs/running"), **{f"e1.7.{host}.lock": "", "e2.7.elsewhere.lock": ""})
    with locks.mark_running("mine"):
        assert list(locks.abandoned_experiments()) == ["e1"]
        assert list(locks.abandoned_experiments()) == []
    assert [path.name for path in Path("outputs/running").iterdir()] == ["e2.7.elsewhere.lock"]
    locks.forget_mark("e2")
    assert not list(Path("outputs/running").iterdir())


def test_an_experiment_that_runs_twice_is_marked_as_long_as_one_of_both_does() -> None:
    dead = f"e1.7.{socket.gethostname()}.lock"
    write(Path("outputs/running"), **{dead: ""})
    with locks.mark_running("e1") as is_alone:
        assert is_alone
        assert list(locks.abandoned_experiments()) == []
        assert len(list(Path("outputs/running").iterdir())) == 1
        with FileLock(Path("outputs/running", dead)), locks.mark_running("e1") as is_alone_too:
            assert not is_alone_too


def test_a_study_is_searched_as_long_as_a_process_works_on_it() -> None:
    study = Path("outputs/records/studies/forest")
    assert not locks.is_searched(study)
    with locks.mark_searching(study):
        assert locks.is_searched(study)
    assert not locks.is_searched(study)
    write(study, **{f".searching.1.{socket.gethostname()}.lock": ""})
    assert not locks.is_searched(study)
    write(study, **{".searching.1.elsewhere.lock": ""})
    assert locks.is_searched(study)
