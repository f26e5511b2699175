"""Jobs on a real scheduler of Dask with two workers on this machine, as on two machines that share a disk."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkart import errors
from labkart.experiments import dask_jobs
from tests.support.bake import TEMPLATE
from tests.support.tiny import soon, start, write

pytestmark = pytest.mark.thorough

STUDY = """\
import os, sys, time
from pathlib import Path

def note(what, job):
    with Path(f"{what}.{job}").open("a") as file:
        file.write(f"{os.getppid()} ")

def on_node(words):
    job, do = words
    note("started", job)
    try:
        if do == "fail":
            raise ValueError("no such luck\\nand more")
        if do == "die":
            os.kill(os.getpid(), 9)
        while do == "wait" and not Path("go").exists():
            time.sleep(0.01)
    except KeyboardInterrupt:
        note("stopped", job)
        raise
    note("finished", job)
"""
PIPELINE = """\
import luigi
from gokart import TaskInstanceParameter
from labkart import Task, make

def pipeline(cfg):
    return make(Train, seed=cfg.seed, shared=make(Shared))

class Shared(Task[int]):
    def run(self) -> None:
        with open("trace", "a") as file:
            file.write("Shared ")
        self.dump(1)

class Train(Task[int]):
    seed = luigi.IntParameter()
    shared = TaskInstanceParameter()
    def run(self) -> None:
        with open("trace", "a") as file:
            file.write("Train ")
        self.log_metric("accuracy", self.seed + self.load(self.shared))
        self.dump(self.seed)
"""
CONTROLLER = """\
import signal, sys
from labkart import signals
from labkart.experiments import dask_jobs
signals.install_handlers()
with dask_jobs.submit("study:on_node", [["0", "wait"], ["1", "wait"]], {"scheduler_file": sys.argv[1]}) as jobs:
    print(dict(jobs.ended()), flush=True)
"""


@dataclass
class Dask:
    """A scheduler, the file of its address, and its workers."""

    file: Path
    processes: "dict[str, subprocess.Popen[bytes]]"

    def begin(self, name: str, *words: str) -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
        options = ["--scheduler-file", str(self.file), "--no-dashboard"]
        with self.file.with_name(f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*command, *options],
                cwd=self.file.parent,
                env=os.environ | {"PYTHONPATH": "src"},  # of the project in which a job runs
                stdout=log,
                stderr=log,
            )

    def begin_scheduler(self) -> None:
        self.begin("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0")

    def begin_worker(self, name: str) -> None:
        self.begin(name, "worker", "--nthreads", "1", "--no-nanny", "--name", name)

    def end(self, name: str) -> None:
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    pytest.importorskip("distributed")
    dask = Dask(tmp_path_factory.mktemp("dask") / "dask.json", {})
    dask.begin_scheduler()
    try:
        soon(dask.file.exists)
        for name in ("one", "two"):
            dask.begin_worker(name)
        logs = [dask.file.with_name(f"{name}.log") for name in ("one", "two")]
        soon(lambda: all("Registered to" in log.read_text() for log in logs))
        yield dask
    finally:
        for name in list(dask.processes):
            dask.end(name)


@pytest.fixture
def study(root: Path) -> Path:
    """A project whose jobs do what their second word says."""
    write(root, **{"src/study.py": STUDY})
    return root


def ends(dask: Dask, *do: str) -> dict[int, str | None]:
    """How jobs ended that do this."""
    jobs = [[str(index), each] for index, each in enumerate(do)]
    with dask_jobs.submit("study:on_node", jobs, {"scheduler_file": str(dask.file)}) as running:
        return dict(running.ended())


def has(root: Path, *names: str) -> Callable[[], bool]:
    return lambda: all((root / name).exists() for name in names)


def test_every_job_runs_once_on_one_of_both_workers_and_a_failure_is_told_with_its_log(
    running: Dask, study: Path
) -> None:
    ended = ends(running, "write", "fail", "write", "die")
    assert ended[0] is None and ended[2] is None
    said, _, log = str(ended[1]).partition(". Its log: ")
    assert said == "src/study.py:13: ValueError: no such luck"
    assert said in (study / log).read_text() and log.startswith("outputs/jobs/dask-")
    assert str(ended[3]).startswith("it was killed by SIGKILL. Its log: outputs/jobs/")
    workers = [path.read_text().split() for path in study.glob("started.*")]
    assert [len(starts) for starts in workers] == [1] * 4
    processes = {str(running.processes[name].pid) for name in ("one", "two")}
    assert {start for starts in workers for start in starts} == processes


def test_a_job_whose_worker_died_as_it_began_does_nothing(study: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    command = [
        sys.executable,
        "-m",
        dask_jobs.__name__,
        str(dead.pid),
        "study:on_node",
        "0",
        "wait",
    ]
    job = subprocess.run(
        command, cwd=study, capture_output=True, text=True, timeout=300, check=False
    )
    assert (job.stdout, job.stderr) == ("", "") and not has(study, "started.0")()


def test_the_job_of_a_worker_that_dies_runs_on_another_one(running: Dask, study: Path) -> None:
    settings = {"scheduler_file": str(running.file)}
    with dask_jobs.submit("study:on_node", [["0", "wait"]], settings) as jobs:
        soon(has(study, "started.0"))
        number = (study / "started.0").read_text().strip()
        (name,) = (name for name in ("one", "two") if str(running.processes[name].pid) == number)
        running.end(name)
        soon(lambda: len((study / "started.0").read_text().split()) == 2)
        (study / "go").touch()
        assert dict(jobs.ended()) == {0: None}
    running.begin_worker(name)
    assert len((study / "finished.0").read_text().split()) == 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_ends_its_jobs(
    sent: signal.Signals, running: Dask, study: Path
) -> None:
    write(study, **{"controller.py": CONTROLLER})
    process = subprocess.Popen(
        [sys.executable, "controller.py", str(running.file)], stderr=subprocess.PIPE, text=True
    )
    soon(has(study, "started.0", "started.1"))
    process.send_signal(sent)
    assert "KeyboardInterrupt" in process.communicate(timeout=120)[1]
    soon(has(study, "stopped.0", "stopped.1"))
    assert not list(study.glob("finished.*"))


def test_a_scheduler_that_dies_is_told_and_the_jobs_end(running: Dask, study: Path) -> None:
    other = Dask(running.file.with_name("other") / "dask.json", {})
    other.file.parent.mkdir()
    other.begin_scheduler()
    soon(other.file.exists)
    other.begin_worker("three")
    try:
        soon(lambda: "Registered to" in other.file.with_name("three.log").read_text())
        settings = {"scheduler_file": str(other.file)}
        with dask_jobs.submit("study:on_node", [["0", "wait"]], settings) as jobs:
            soon(has(study, "started.0"))
            other.end("scheduler")
            ((_, said),) = jobs.ended()
        assert str(said).startswith("Dask's scheduler has ended")
        soon(has(study, "stopped.0"))
    finally:
        for name in list(other.processes):
            other.end(name)


def test_a_scheduler_that_is_not_there_is_told_with_how_to_start_it(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_jobs, "_PATIENCE", 1)
    for settings in ({}, {"address": "tcp://127.0.0.1:1"}):
        with (
            pytest.raises(
                errors.LabkartError, match=r"Dask.* Start it with: uv run dask scheduler"
            ),
            dask_jobs.submit("study:on_node", [["0", "write"]], settings),
        ):
            pass
    with pytest.raises(errors.LabkartError, match=r'no setting "adress"\. Did you mean "address"'):
        dask_jobs.submit("study:on_node", [], {"adress": "a"}).__enter__()


def test_a_sweep_by_dask_computes_a_shared_step_once_and_shows_one_table(
    running: Dask, root: Path
) -> None:
    conf = "conf/hydra/launcher/dask.yaml"
    write(root, **{"src/study/__init__.py": "", "src/study/pipeline.py": PIPELINE})
    (root / conf).parent.mkdir(parents=True)
    shutil.copy(TEMPLATE / "{{cookiecutter.project_slug}}" / conf, root / conf)
    shutil.copy(running.file, root / "dask.json")
    process = start(
        "import sys; from labkart.cli.main import main; sys.exit(main(['run', '-m', 'seed=0,1,2',"
        " 'hydra/launcher=dask', 'hydra.launcher.scheduler_file=dask.json']))",
        root,
    )
    printed, warnings = process.communicate(timeout=120)
    assert process.returncode == 0, printed + warnings
    assert "3 experiments, 4 tasks: 0 cached, 4 to run in 3 jobs by Dask" in printed
    assert sorted((root / "trace").read_text().split()) == ["Shared", *["Train"] * 3]
    assert "2.000 ± 1.000" in printed and "Not in MLflow" not in warnings
