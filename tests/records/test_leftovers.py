"""What a killed process left is removed or completed, and nothing of one that is alive."""

import os
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import gokart
import pytest

from labkart import Task
from labkart.records import leftovers, locks
from labkart.records.record import read_experiment
from labkart.records.study import Study, read_study
from tests.records.test_record import EXPERIMENT
from tests.support.tiny import write

pytestmark = pytest.mark.usefixtures("root")

ID = "0123456789abcdef" * 2
TASK = f"Train_{ID}"
LOCK = Path(f"outputs/cache/locks/{ID}.lock")


def ended() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


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
        assert leftovers.remove_leftovers() == [Path("outputs/cache", half).absolute()]
        assert [path for path in Path("outputs/cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("half", HALVES)
def test_what_a_living_process_writes_stays(half: str) -> None:
    write(Path("outputs/cache"), **{half: "half"})
    with locks.locked(TASK):
        assert leftovers.remove_leftovers() == []
        assert (Path("outputs/cache", half).exists(), LOCK.exists()) == (True, True)
    assert leftovers.remove_leftovers() == [Path("outputs/cache", half).absolute()]


def test_a_half_that_names_no_task_goes_when_it_is_a_day_old() -> None:
    half = Path("outputs/cache/model.pkl-luigi-tmp-0000012345").absolute()
    write(Path(), **{str(half): "half"})
    assert leftovers.remove_leftovers() == []
    os.utime(half, (0, time.time() - 90_000))
    assert leftovers.remove_leftovers() == [half]


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
    assert leftovers.remove_leftovers() == [old]


def test_the_scratch_folder_of_a_process_goes_when_it_is_gone() -> None:
    host, tmp = socket.gethostname(), Path("outputs/cache/tmp").absolute()
    names = [f"{host}.{ended()}", f"{host}.{os.getpid()}", "elsewhere.123456", f"{host}.notes"]
    write(tmp, **{f"{name}/model/model.pkl": "unpacked" for name in names})
    assert leftovers.remove_leftovers() == [tmp / names[0]]
    assert {path.name for path in tmp.iterdir()} == set(names[1:])


def test_outputs_and_records_stay() -> None:
    class Keep(Task[int]):
        def run(self) -> None:
            self.dump(1)

    gokart.build(Keep())
    before = {path for path in Path("outputs").rglob("*") if path.is_file()}
    assert leftovers.remove_leftovers() == []
    assert {path for path in Path("outputs").rglob("*") if path.is_file()} == before


def test_there_is_nothing_to_sweep_in_a_new_project(root: Path) -> None:
    assert leftovers.remove_leftovers() == []
    assert not (root / "outputs").exists()


def test_experiments_of_dead_processes_are_closed_as_killed() -> None:
    for id, status in (("dead", "running"), ("alive", "running"), ("complete", "finished")):
        replace(EXPERIMENT, id=id, status=status).write()
    host = socket.gethostname()
    write(
        Path("outputs/running"),
        **{f"{id}.7.{host}.lock": "" for id in ("dead", "complete", "gone")},
    )
    with locks.mark_running("alive"):
        leftovers.close_abandoned()
    closed = read_experiment("dead")
    assert closed and (closed.status, closed.error) == ("killed", "The process was killed.")
    assert closed.ended and [path.name[:5] for path in Path("outputs/running").iterdir()] == []
    assert read_experiment("alive").status == "running"
    assert read_experiment("complete").status == "finished"


def test_studies_on_which_no_process_works_are_closed_as_killed() -> None:
    studies = [
        Study(name, "tiny", "labkart search", {}, {}, "2026-11-25") for name in ("a", "b", "c")
    ]
    studies[2].status = "finished"
    for study in studies:
        study.write()
    with locks.mark_searching(studies[1].folder):
        leftovers.close_abandoned()
    assert [read_study(name).status for name in "abc"] == ["killed", "running", "finished"]
    assert read_study("a").ended
