"""Jobs on a real SLURM, three nodes of it on this machine: how each of them ends, and what a person is told."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkart import errors
from labkart.experiments import slurm, slurm_job
from tests.support.bake import LIBRARY
from tests.support.slurm import Slurm
from tests.support.tiny import soon, write

pytestmark = pytest.mark.thorough

STUDY = """\
import multiprocessing, os, signal, sys, time
from pathlib import Path

def note(what, job):
    with Path(f"{what}.{job}").open("a") as file:
        file.write("x")
    return Path(f"{what}.{job}").stat().st_size

def until(name):
    while not Path(name).exists():
        time.sleep(0.01)

def on_node(words):
    job, do = words
    try:
        work(job, do, note("started", job))
    except KeyboardInterrupt:
        note("stopped", job)
        raise
    note("finished", job)

def work(job, do, turn):
    if do == "fail":
        raise ValueError("no such luck\\nand more")
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "leave":
        sys.exit(3)
    if do == "fork" and turn == 1:
        multiprocessing.get_context("fork").Process(target=until, args=("go",), daemon=True).start()
        note("forked", job)
    if do == "wait" or do in ("once", "fork") and turn == 1:
        until("go")
"""


@pytest.fixture
def cluster(root: Path, lab: Slurm, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on the cluster; patience is short."""
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root / "src"), str(LIBRARY.parent)]))
    for name, seconds in {
        "_RESULT_PAUSE": 0.02,
        "_STATUS_PAUSE": 0.2,
        "_LONGEST_STATUS_PAUSE": 0.2,
        "_GRACE": 1.0,
    }.items():
        monkeypatch.setattr(slurm, name, seconds)
    return root


@pytest.fixture
def study(cluster: Path) -> Path:
    """A project whose jobs do what their second word says."""
    write(cluster, **{"src/study.py": STUDY})
    return cluster


def jobs(*do: str) -> list[list[str]]:
    return [[str(index), each] for index, each in enumerate(do)]


def ends(*do: str, **settings: object) -> dict[int, str | None]:
    """How jobs ended that do this."""
    with slurm.submit("study:on_node", jobs(*do), settings) as array:
        return dict(array.ended())


def number(lab: Slurm, array: slurm.JobArray) -> str:
    return lab.ask("squeue", "-h", "-n", array.name, "-o", "%F").split()[0]


def has(root: Path, *names: str) -> Callable[[], bool]:
    return lambda: all((root / name).exists() for name in names)


# Jobs and their ends


def test_every_job_of_an_array_runs_once_in_the_projects_root(study: Path) -> None:
    assert ends(*["write"] * 4) == dict.fromkeys(range(4))
    assert [
        (study / f"{what}.{job}").read_text()
        for what in ("started", "finished")
        for job in range(4)
    ] == ["x"] * 8


def test_all_jobs_are_one_array_whose_logs_are_in_one_folder_of_its_name(
    study: Path, lab: Slurm
) -> None:
    with slurm.submit(
        "study:on_node", jobs("wait", "wait", "wait"), {"name": "my study", "array_parallelism": 2}
    ) as array:
        soon(lambda: len(list(study.glob("started.*"))) == 2)
        ids = lab.ask("squeue", "-h", "-r", "-n", array.name, "-o", "%i").split()
        assert sorted(ids) == [f"{number(lab, array)}_{index}" for index in range(3)]
        (study / "go").touch()
        assert dict(array.ended()) == dict.fromkeys(range(3))
    assert array.folder.parent == study / "outputs" / "jobs" and array.folder.name.startswith(
        "my-study-"
    )
    assert len(list(array.folder.glob("*_log.out"))) == 3


def test_a_job_that_raises_is_told_in_its_first_line_and_the_others_end_well(study: Path) -> None:
    ended = ends("write", "fail", "write")
    assert (ended[0], ended[2]) == (None, None)
    said, _, log = str(ended[1]).partition(". Its log: ")
    assert said == "src/study.py:24: ValueError: no such luck"
    soon(lambda: "raise ValueError" in (study / log).read_text())  # SLURM may still be writing it


def test_a_job_that_leaves_or_dies_is_told(study: Path) -> None:
    ended = ends("die", "leave", "write")
    assert str(ended[0]).startswith(
        "it ended without a result (failed"
    ) and ". Its log: outputs/jobs/" in str(ended[0])
    assert str(ended[1]).startswith("src/study.py:28: SystemExit: 3. Its log: ")
    assert ended[2] is None


def test_a_cancelled_job_is_told_stops_in_order_and_the_others_end_well(
    study: Path, lab: Slurm
) -> None:
    with slurm.submit("study:on_node", jobs("wait", "wait", "write"), {}) as array:
        soon(has(study, "started.0", "started.1"))
        lab.ask("scancel", f"{number(lab, array)}_1")
        soon(has(study, "stopped.1"))
        (study / "go").touch()
        ended = dict(array.ended())
    assert (ended[0], ended[2]) == (None, None)
    assert str(ended[1]).startswith("it was cancelled. Its log: outputs/jobs/")


def test_a_job_that_is_cancelled_before_it_starts_is_told(study: Path, lab: Slurm) -> None:
    with slurm.submit("study:on_node", jobs("wait", "write"), {"array_parallelism": 1}) as array:
        soon(has(study, "started.0"))
        lab.ask("scancel", f"{number(lab, array)}_1")
        (study / "go").touch()
        assert dict(array.ended()) == {0: None, 1: "it was cancelled"}


@pytest.fixture
def dying(lab: Slurm) -> Iterator[Callable[[], str]]:
    """Let the node die that runs a job; it is there again for the next test."""
    died = []

    def die() -> str:
        node = lab.ask("squeue", "-h", "-t", "running", "-o", "%N")
        died.append(node)
        lab.kill(node)
        return node

    yield die
    for node in died:
        lab.revive(node)


def test_a_job_whose_node_dies_runs_again_or_is_told(study: Path, lab: Slurm) -> None:
    """Two arrays: one that SLURM may put back into its queue, as is usual, and one that it may not."""
    once = {"additional_parameters": {"no-requeue": True}}
    with (
        slurm.submit("study:on_node", [["0", "once"]], {}) as usual,
        slurm.submit("study:on_node", [["1", "wait"]], once) as other,
    ):
        soon(has(study, "started.0", "started.1"))
        (node,) = set(lab.ask("squeue", "-h", "-t", "running", "-o", "%N").split())
        lab.kill(node)
        ((_, said),) = other.ended()
        assert str(said).startswith("its node died. Its log: outputs/jobs/")
        assert dict(usual.ended()) == {0: None}
    assert (study / "started.0").read_text() == "xx" and (study / "finished.0").read_text() == "x"
    lab.revive(node)


TRAINING = """\
import time
from gokart import TaskInstanceParameter
from labkart import Task, make

def pipeline(cfg):
    return make(Train)

class Train(Task[int]):
    def run(self) -> None:
        checkpoint = self.checkpoint_dir / "epoch"
        first = int(checkpoint.read_text()) if checkpoint.exists() else 0
        for epoch in range(first, 3):
            with open("epochs", "a") as file:
                file.write(f"{epoch} ")
            checkpoint.write_text(str(epoch + 1))
            while epoch == 0:
                time.sleep(0.1)
        self.dump(first)
"""


def test_a_job_that_reaches_its_time_limit_goes_on_from_its_checkpoint(
    cluster: Path, lab: Slurm
) -> None:
    """A limit of SLURM's own, the shortest: of its minute, the signal comes after 15 to 45 seconds."""
    write(cluster, **{"src/study/__init__.py": "", "src/study/pipeline.py": TRAINING})
    settings = {"timeout_min": 1, "signal_delay_s": 15, "max_num_timeout": 1}
    with slurm.submit("labkart.experiments.run:run_on_node", [["seed=0"]], settings) as array:
        assert dict(array.ended()) == {0: None}
    assert (cluster / "epochs").read_text() == "0 1 2 "
    assert "Job has timed out" in "".join(log.read_text() for log in array.folder.glob("*_log.err"))
    assert not list((cluster / "outputs" / "checkpoints").iterdir())


# SLURM's signal before a time limit, or before other jobs take the place, is sent by hand: it may come half a minute late.


def test_a_time_limit_puts_a_job_back_into_the_queue_once_and_it_finishes(
    study: Path, lab: Slurm
) -> None:
    """Also where a job has forked workers, each of which gets the signal."""
    with slurm.submit("study:on_node", jobs("once", "fork", "write"), {"timeout_min": 10}) as array:
        soon(has(study, "started.0", "forked.1"))
        lab.ask("scancel", "--signal=USR2", *(f"{number(lab, array)}_{job}" for job in (0, 1)))
        assert dict(array.ended()) == dict.fromkeys(range(3))
    for job in "01":
        assert [
            (study / f"{what}.{job}").read_text() for what in ("started", "stopped", "finished")
        ] == [
            "xx",
            "x",
            "x",
        ]


def test_a_job_that_reaches_its_time_limit_too_often_is_told(study: Path, lab: Slurm) -> None:
    with slurm.submit(
        "study:on_node", jobs("wait", "write"), {"timeout_min": 10, "max_num_timeout": 0}
    ) as array:
        soon(has(study, "started.0"))
        lab.ask("scancel", "--signal=USR2", f"{number(lab, array)}_0")
        ended = dict(array.ended())
    assert str(ended[0]).startswith(
        "it reached its time limit too often (timeout_min, max_num_timeout). Its log: "
    )
    assert ended[1] is None and (study / "stopped.0").exists()


def test_a_slurm_that_does_not_answer_for_a_while_is_no_lost_job(study: Path, lab: Slurm) -> None:
    with slurm.submit("study:on_node", jobs("wait"), {}) as array:
        soon(has(study, "started.0"))
        job = number(lab, array)
        with lab.silent():
            assert slurm_job.job_statuses(job) is None
        assert set(slurm_job.job_statuses(job) or {}) == {job}
        assert slurm_job.job_statuses("99999") == {}
        (study / "go").touch()
        assert dict(array.ended()) == {0: None}


def test_a_job_that_would_never_start_is_told_and_cancelled(study: Path, lab: Slurm) -> None:
    assert ends("write", partition="short", timeout_min=10) == {
        0: "it would never start (PartitionTimeLimit)"
    }
    soon(lambda: lab.ask("squeue", "-h", "-t", "PD,R") == "")  # the last test's may still end


def test_a_result_that_a_shared_disk_shows_late_is_waited_for(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing here is slow, so the list of files is withheld until SLURM has said that the job ended."""
    look, hidden = slurm.JobArray._file_names, []

    def late(array: slurm.JobArray) -> set[str]:
        hidden.append(array.states.get(0, ""))
        return (
            look(array)
            if hidden.count("completed") > 3 or any(map(hidden[-1].startswith, ["completed:"]))
            else set()
        )

    monkeypatch.setattr(slurm.JobArray, "_file_names", late)
    assert ends("write") == {0: None}


# Where it runs


def test_a_path_with_spaces_and_japanese_is_as_good(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := study.parent / "修士 論文 100%").mkdir()
    monkeypatch.chdir(study.rename(folder / "tiny"))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder / "tiny" / "src"), str(LIBRARY.parent)])
    )
    ended = ends("write", "fail")
    assert ended[0] is None and str(ended[1]).startswith(
        "src/study.py:24: ValueError: no such luck. Its log: outputs/"
    )


CONTROLLER = """\
import signal, sys
from labkart.experiments import slurm
def end(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGTERM, end)
with slurm.submit("study:on_node", [[str(n), sys.argv[1]] for n in range(int(sys.argv[2]))], {"array_parallelism": 2}) as array:
    print(dict(array.ended()), flush=True)
"""


def test_a_controller_may_be_a_job_itself(study: Path, lab: Slurm) -> None:
    write(study, **{"controller.py": CONTROLLER})
    command = f"{sys.executable} controller.py write 1"
    lab.ask("sbatch", "--output=said", "--mem=50", "--ntasks=2", "--array=7", f"--wrap={command}")
    soon(lambda: "}" in (study / "said").read_text() if (study / "said").exists() else False)
    assert (study / "said").read_text() == "{0: None}\n"


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_controller_that_is_stopped_cancels_its_jobs(
    study: Path, lab: Slurm, asked: signal.Signals
) -> None:
    write(study, **{"controller.py": CONTROLLER})
    process = subprocess.Popen(
        [sys.executable, "controller.py", "wait", "4"], stderr=subprocess.PIPE, text=True
    )
    soon(lambda: len(list(study.glob("started.*"))) == 2)
    process.send_signal(asked)
    assert "KeyboardInterrupt" in process.communicate(timeout=120)[1]
    soon(lambda: lab.ask("squeue", "-h") == "")
    assert len(list(study.glob("stopped.*"))) == 2 and not list(study.glob("finished.*"))


def test_jobs_that_nobody_waits_for_are_cancelled(study: Path, lab: Slurm) -> None:
    with slurm.submit("study:on_node", jobs("wait", "wait"), {}):
        soon(has(study, "started.0"))
    soon(lambda: lab.ask("squeue", "-h") == "")


# Mistakes: nothing is submitted


MISTAKES = {
    "SLURM does not accept the jobs: invalid partition specified: man; Batch job submission failed: "
    "Invalid partition name specified. Nothing was submitted.": {"partition": "main,man"},
    "SLURM does not accept the jobs: Memory specification can not be satisfied; Batch job submission failed: "
    "Requested node configuration is not available. Nothing was submitted.": {"mem_gb": 50},
    'hydra.launcher: no setting "timeout". Did you mean "timeout_min"?': {"timeout": 5},
    'hydra.launcher: no setting "partitio". Did you mean "partition"?': {"slurm_partitio": "main"},
    'hydra.launcher: Parameter "timeout_min" expected type <class \'int\'> (but value: "an hour")': {
        "timeout_min": "an hour"
    },
}


@pytest.mark.parametrize("sentence", MISTAKES)
def test_a_mistake_is_a_sentence_and_nothing_is_submitted(
    study: Path, lab: Slurm, sentence: str
) -> None:
    with pytest.raises(errors.LabkartError) as told:
        ends("write", **MISTAKES[sentence])
    assert str(told.value) == sentence
    assert lab.ask("squeue", "-h", "-t", "PD,R") == "" and not list(study.glob("outputs/jobs/*"))


def test_the_settings_of_hydras_own_launcher_are_understood(study: Path) -> None:
    settings = {
        "_target_": "somewhere",
        "submitit_folder": "elsewhere/%j",
        "timeout_min": 5,
        "cpus_per_task": 2,
        "gpus_per_node": None,
        "tasks_per_node": 1,
        "mem_gb": 0.2,
        "nodes": 1,
        "name": "labkart",
        "stderr_to_stdout": False,
        "slurm_partition": "main",
        "signal_delay_s": 60,
        "max_num_timeout": 0,
        "additional_parameters": {"comment": "thesis"},
        "array_parallelism": 5,
        "setup": ["export SET_UP=yes", "touch set-up.$SLURM_JOB_CPUS_PER_NODE"],
    }
    assert ends("write", "write", **settings) == {0: None, 1: None}
    assert (study / "set-up.2").exists()


def test_without_slurm_it_says_where_to_go(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(study))
    with pytest.raises(
        errors.LabkartError, match=r"^There is no SLURM on this host \(no sbatch\)\. Log in to the "
    ):
        ends("write")


def test_without_submitit_it_says_how_to_get_it(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(errors.LabkartError, match=r"needs submitit\. Run: uv sync --extra slurm$"):
        ends("write")


def test_a_slurm_that_does_not_answer_is_told(
    study: Path, lab: Slurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        study,
        **{"slurm.conf": lab.conf.read_text().replace("\nSlurmctldPort=", "\nSlurmctldPort=1#")},
    )
    monkeypatch.setenv("SLURM_CONF", str(study / "slurm.conf"))
    with pytest.raises(
        errors.LabkartError, match=r"^SLURM does not accept the jobs: .+\. Nothing was submitted\.$"
    ):
        ends("write")
