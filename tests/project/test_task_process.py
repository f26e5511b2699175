"""Tasks that die, take too long or leave processes behind: what becomes of them, of the others, and what is said."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart.experiments import recording
from labkart.experiments.composer import compose_overrides
from labkart.experiments.experiment import Experiment, Series, run_experiments
from labkart.experiments.plan import plan
from labkart.experiments.run_output import describe_failures
from labkart.experiments.task_process import ProcessPool, TaskProcesses
from labkart.records import task_log
from labkart.records.record import (
    ExperimentRecord,
    TaskRecord,
    TaskRun,
    read_experiment,
    read_task,
)
from tests.experiments.test_experiment import Listener
from tests.support.tiny import soon, write
from tests.support.variants import variants

CODE = """\
import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from gokart import ListTaskInstanceParameter
from labkart import Task, make
from luigi import StrParameter

def tries(name):
    with open(f"tries-{name}", "a") as file:
        file.write("x")
    return len(Path(f"tries-{name}").read_text())

def failures():  # of the slow one: it may be stopped before it begins
    return len(Path("failures").read_text()) if Path("failures").exists() else 0

class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError

class Step(Task):
    way = StrParameter()

    @property
    def retry_count(self):
        return 3 if self.way.startswith("again") else None

    @property
    def worker_timeout(self):
        return 1 if self.way == "slow" or self.way == "again-slow" and failures() < 2 else None

    def run(self):
        number = tries(self.way)
        self.log_metric("number", number)
        match self.way:
            case "killed-with-processes":
                Path("children").write_text(str(leave_processes()))
                os.kill(os.getpid(), signal.SIGKILL)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crash":
                ctypes.string_at(0)
            case "exit-0" | "exit-3":
                os._exit(int(self.way[-1]))
            case "sys-exit":
                sys.exit("no such luck")
            case "slow":
                time.sleep(600)
            case "again-slow" if failures() < 2:
                time.sleep(600)
            case "again-killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "again" if number < 2:
                raise ValueError("no such luck")
            case "unspeakable":
                raise Unspeakable
            case "interrupt":
                raise KeyboardInterrupt
            case "away":
                os.chdir("src")
            case "prints":
                os.system("echo all is well")
            case "process" | "process-1" | "process-2" | "process-3":
                Path(self.way).write_text(str(os.getpid()))
            case "processes":
                Path("children").write_text(str(leave_processes()))
        self.dump(self.way)

def leave_processes():
    import multiprocessing
    from joblib import Parallel, delayed
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    search = GridSearchCV(LogisticRegression(max_iter=300), {"C": [1.0, 2.0]}, n_jobs=2)
    search.fit(*load_iris(return_X_y=True))
    assert sum(Parallel(n_jobs=2)(delayed(abs)(-number) for number in range(4))) == 6
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,)).start()
    return [child.pid for child in multiprocessing.active_children()]

class Whole(Task):
    steps = ListTaskInstanceParameter()
    def run(self):
        self.dump("".join(self.load(self.steps)))

def pipeline(cfg):
    return make(Whole, steps=[make(Step, way=way) for way in cfg.ways.split()])
"""


@pytest.fixture(autouse=True)
def _project(root: Path, student: Callable[[str], ModuleType]) -> None:
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{student(CODE).__name__}:pipeline"\n'
    write(root, **{"pyproject.toml": table, "conf/config.yaml": "ways: fine\ntask: null\n"})
    HydraConfig.instance().cfg = None


class Notes(Listener):
    def failed(self, task_run: TaskRun, error: str) -> None:
        super().failed(task_run, error)
        if "ran longer" in error:
            with Path("failures").open("a") as file:
                file.write("x")


def run(*ways: str, workers: int = 1) -> tuple[list[ExperimentRecord], list[str]]:
    """Run an experiment for each of the ways; a way may be several steps' ways."""
    planned = [plan(compose_overrides(f"ways='{way}'")) for way in ways]
    run_experiments(planned, workers, listener := Notes())
    return [experiment.record for experiment in planned], listener.events


def step(record: ExperimentRecord) -> TaskRecord:
    """The record of an experiment's first step."""
    found = read_task("Step", record.tasks[0].id)
    assert found
    return found


DEATHS = {
    "killed": "killed by SIGKILL (out of memory?)",
    "crash": "killed by SIGSEGV (a crash in compiled code)",
    "exit-0": "its process ended by itself, with exit code 0 (os._exit?)",
    "exit-3": "its process ended by itself, with exit code 3 (os._exit?)",
}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_dies_fails_alone_and_its_record_says_of_what(workers: int) -> None:
    records, _ = run(*DEATHS, "fine", workers=workers)
    *failed, finished = records
    assert finished.status == "finished", finished.error
    for record, error in zip(failed, DEATHS.values(), strict=True):
        assert (record.status, record.error) == ("failed", error)
        task = step(record)
        assert (task.status, task.error) == ("failed", error)
        assert [metric.name for metric in task.metrics] == ["number"]


def test_an_error_without_a_text_is_told_by_its_class_and_place() -> None:
    (record,), _ = run("unspeakable")
    assert record.error
    assert record.error.endswith(": Unspeakable")


def test_an_interrupt_that_a_task_raises_itself_shows_no_traceback_of_ours(
    capfd: pytest.CaptureFixture[str],
) -> None:
    (interrupted, fine), _ = run("interrupt", "fine")
    assert [interrupted.status, fine.status] == ["failed", "finished"]
    assert "Traceback" not in capfd.readouterr().err


def test_a_task_that_works_in_another_folder_leaves_the_next_one_where_it_was() -> None:
    records, _ = run("away", "process")
    assert [record.status for record in records] == ["finished", "finished"]
    assert Path("process").exists()
    assert step(records[0]).undeclared == []


def test_what_later_tasks_print_is_kept() -> None:
    killed, later = run("killed", "prints")[0]
    assert [killed.status, later.status] == ["failed", "finished"]
    assert (step(later).folder / task_log.NAME).read_text() == "all is well\n"


def test_the_stack_of_a_crash_is_in_the_file_that_is_named() -> None:
    (killed, crash, again), _ = run("killed", "crash", "killed fine")
    lines = describe_failures([killed, crash, again], 4).splitlines()
    file = f"outputs/records/experiments/{crash.id}/traceback.txt"
    assert lines == [
        "3 of 4 experiments have no result:",
        f"ways='killed' and 1 more: Step: {DEATHS['killed']}",
        f"  experiments {killed.id[:6]} {again.id[:6]}",
        f"ways='crash': Step: {DEATHS['crash']}",
        f"  {file}",
        "Fix it and run the same command again: only what is missing runs.",
    ]
    stack = Path(file).read_text()
    assert stack.startswith("Step\nFatal Python error: Segmentation fault") and " in run" in stack
    assert not (killed.folder / "traceback.txt").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_takes_too_long_ends_and_is_said_to_have_done_so(workers: int) -> None:
    (slow, fine), _ = run("slow", "fine", workers=workers)
    assert fine.status == "finished"
    assert (slow.status, slow.error) == ("failed", "ran longer than its limit of 1 s")
    assert step(slow).error == slow.error


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_has_as_many_tries_as_it_asks_for(workers: int) -> None:
    (again, killed, slow), events = run("again", "again-killed", "again-slow", workers=workers)
    assert (again.status, slow.status) == ("finished", "finished")
    assert (killed.status, killed.error) == ("failed", f"{DEATHS['killed']} (try 3 of 3)")
    said = sorted(event.partition(" failed: ")[2] for event in events if " failed: " in event)
    limit = "ran longer than its limit of 1 s"
    assert said[:4] == [
        f"{DEATHS['killed']} (try 1 of 3)",
        f"{DEATHS['killed']} (try 2 of 3)",
        f"{limit} (try 1 of 3)",
        f"{limit} (try 2 of 3)",
    ]
    assert said[4].endswith("ValueError: no such luck (try 1 of 3)")
    assert len(said) == 5


@pytest.mark.parametrize(("workers", "is_here"), [(0, True), (1, False), (2, False)])
def test_tasks_run_in_this_process_only_without_workers(workers: int, is_here: bool) -> None:
    (record,), _ = run("process", workers=workers)
    assert record.status == "finished"
    assert (Path("process").read_text() == str(os.getpid())) is is_here


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    """A pool; when it is closed no process is left."""
    with closing(ProcessPool()) as pool:
        yield pool
    soon(lambda: not multiprocessing.active_children())


def process_of(way: str, pool: ProcessPool) -> str:
    """The process in which a build runs a task."""
    planned = plan(compose_overrides(f"ways={way}"))
    run_experiments([planned], 1, Listener(), series=Series(pool=pool))
    assert planned.record.status == "finished"
    return Path(way).read_text()


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "nothing": lambda _: None,
    "environment": lambda patch: patch.setenv("SEEN", "yes"),
    "modules": lambda patch: patch.setitem(sys.modules, "another", ModuleType("another")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_builds_share_a_process_while_all_that_a_task_may_see_is_the_same(
    pool: ProcessPool, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    process_of("process-1", pool)  # the first build may import something
    process = process_of("process-2", pool)
    assert process != str(os.getpid())
    CHANGES[change](monkeypatch)
    assert (process_of("process-3", pool) == process) == (change == "nothing")


def test_a_task_that_dies_in_a_pool_leaves_the_next_build_a_new_process(pool: ProcessPool) -> None:
    process = process_of("process-1", pool)
    planned = plan(compose_overrides("ways=killed"))
    run_experiments([planned], 1, Listener(), series=Series(pool=pool))
    assert (planned.record.status, planned.record.error) == ("failed", DEATHS["killed"])
    assert process_of("process-2", pool) != process


def test_where_this_process_uses_the_graphics_card_the_tasks_run_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        reset_peak_memory_stats=lambda: None,
        max_memory_allocated=lambda: 0,
    )
    torch = SimpleNamespace(cuda=cuda, manual_seed=lambda _: None, get_num_threads=lambda: 1)
    monkeypatch.setitem(sys.modules, "torch", torch)
    run("process")
    assert Path("process").read_text() == str(os.getpid())


def test_a_task_that_calls_sys_exit_has_failed() -> None:
    (record,), _ = run("sys-exit")
    assert record.status == step(record).status == "failed"
    assert str(record.error).endswith("SystemExit: no such luck")


@pytest.mark.parametrize(
    ("way", "workers", "status"),
    variants(
        [
            ("processes", 2, "finished"),
            ("processes", 1, "finished"),
            ("killed-with-processes", 1, "failed"),
        ]
    ),
)
def test_processes_that_a_task_leaves_end_with_it(way: str, workers: int, status: str) -> None:
    (record, fine), _ = run(way, "fine", workers=workers)
    assert (record.status, fine.status) == (status, "finished")
    children = Path("children").read_text().strip("[]").split(", ")
    assert len(children) == 3
    soon(lambda: not [child for child in children if Path(f"/proc/{child}").exists()])
    soon(lambda: not multiprocessing.active_children())


def test_ctrl_c_may_come_before_the_process_of_a_task_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TaskProcesses, "start", stop)
    planned = plan(compose_overrides("ways=fine"))
    with pytest.raises(KeyboardInterrupt):
        run_experiments([planned], 1, Listener())
    assert planned.record.status == "stopped"


def test_ctrl_c_while_an_experiment_ends_leaves_no_record_that_says_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete = recording.complete_record

    def interrupted(experiment: Experiment, status: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        complete(experiment, status)

    monkeypatch.setattr(recording, "complete_record", interrupted)
    planned = plan(compose_overrides("ways='fine'"))
    with pytest.raises(KeyboardInterrupt):
        run_experiments([planned], 1, Listener())
    ended = read_experiment(planned.record.id)
    assert ended and ended.status == "finished"
