"""What MLflow holds: while tasks run, after faults, in another store. Everything comes from the records."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests.support.bake import Project
from tests.support.commands import Command
from tests.support.tiny import free_port, soon

# Two tasks at the side of each other, and one that builds on both; what they do is each test's own.
TASKS = """
import math, os, signal, subprocess, sys, time
from pathlib import Path
import labkart
from gokart import TaskInstanceParameter
from luigi import IntParameter
{head}

def wait_for(name):
    end = time.monotonic() + 600
    while not Path(name).exists():
        assert time.monotonic() < end, name
        time.sleep(0.05)

class Left(labkart.Task[int]):
    seed: IntParameter = IntParameter(default=0)
    def run(self):
        {left}
        self.dump(1)

class Right(labkart.Task[int]):
    seed: IntParameter = IntParameter(default=0)
    def run(self):
        {right}
        self.dump(2)

class Last(labkart.Task[int]):
    left: TaskInstanceParameter[Left] = TaskInstanceParameter(expected_type=Left)
    right: TaskInstanceParameter[Right] = TaskInstanceParameter(expected_type=Right)
    seed: IntParameter = IntParameter()
    def run(self):
        {last}
        self.log_metric("answer", self.load(self.left) + self.load(self.right) + self.seed)
        self.dump(3)
"""
PIPELINE = """
from labkart import make
from my_thesis.tasks.all import Last, Left, Right

def pipeline(cfg):
    return make(Last, {}, left=make(Left, {}), right=make(Right, {}), seed=cfg.seed)
"""


def study(
    project: Project, head: str = "", left: str = "pass", right: str = "pass", last: str = "pass"
) -> Project:
    """Make it a project of those three tasks."""
    bodies = {"left": left, "right": right, "last": last}
    indented = {name: "\n        ".join(body.splitlines()) for name, body in bodies.items()}
    (project.root / "src/my_thesis/tasks/all.py").write_text(
        TASKS.format(head=head, **indented), encoding="utf-8"
    )
    (project.root / "src/my_thesis/pipeline.py").write_text(PIPELINE, encoding="utf-8")
    return project


def client(project: Project) -> MlflowClient:
    return MlflowClient(f"sqlite:///{project.root}/outputs/mlflow.db")


def runs(found: MlflowClient) -> list[Run]:
    """The runs in a store, oldest first."""
    experiment = found.get_experiment_by_name("my-thesis")
    return (
        list(found.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]))
        if experiment
        else []
    )


def statuses(project: Project) -> list[str]:
    """The states of the runs in a project's own store, where it is there: to ask would make one."""
    there = (project.root / "outputs/mlflow.db").exists()
    return [each.info.status for each in runs(client(project))] if there else []


def artifacts(project: Project) -> list[Path]:
    """The folders of runs in a project's own store, where a run gets its own in the middle of being written."""
    return list((project.root / "outputs/artifacts").iterdir())


@contextmanager
def running(project: Project, *words: str, **variables: str) -> Iterator[Command]:
    """A command of Labkart that goes on, and at the end is gone with all that it has started."""
    assert project.warm
    command = project.warm.start(project, *words, **variables)
    try:
        yield command
    finally:
        with suppress(ProcessLookupError):
            command.kill_all()
        command.wait()


def experiment(project: Project) -> dict:
    (file,) = (project.root / "outputs/records/experiments").glob("*/record.json")
    return json.loads(file.read_text(encoding="utf-8"))


# While tasks run


def test_what_is_logged_is_in_the_store_before_its_task_ends(fresh: Project) -> None:
    study(
        fresh,
        left="for step in range(50):\n    self.log_metric('loss', 1 / (step + 1), step=step)\nwait_for('seen')",
    )
    with running(fresh, "run", "labkart.workers=2") as process:
        found = None

        def seen() -> bool:
            nonlocal found
            with suppress(Exception):  # there is no store yet
                found = found or client(fresh)
                (run,) = runs(found)
                return (
                    run.info.status == "RUNNING"
                    and len(found.get_metric_history(run.info.run_id, "Left.loss")) == 50
                )
            return False

        soon((fresh.root / "outputs/mlflow.db").exists)
        soon(seen)
        (fresh.root / "seen").touch()
        done = process.wait()
    assert (done.returncode, messages(done)) == (0, [])
    (run,) = runs(client(fresh))
    assert run.info.status == "FINISHED" and run.data.metrics["answer"] == 3
    assert len(client(fresh).get_metric_history(run.info.run_id, "Left.loss")) == 50
    assert not list((fresh.root / "outputs").rglob(".metrics*"))


def test_what_a_task_says_to_mlflow_itself_lands_in_the_run(fresh: Project) -> None:
    fit = "mlflow.sklearn.autolog()\nLinearRegression().fit([[0], [1]], [0, 1])"
    say = "with mlflow.start_run():\n    mlflow.log_metric('{0}', 5)\n"
    say += (
        "mlflow.log_param('by_{0}', 'hand')\nmlflow.end_run()\nmlflow.log_text('hello', '{0}.txt')"
    )
    study(
        fresh,
        head="import mlflow\nfrom sklearn.linear_model import LinearRegression",
        left=say.format("left"),
        right=say.format("right"),
        last=fit,
    )
    fresh.labkart("run", "labkart.workers=2")
    (run,) = runs(client(fresh))
    assert run.info.status == "FINISHED"
    assert {"left": 5, "right": 5, "answer": 3}.items() <= run.data.metrics.items()
    assert {
        "by_left": "hand",
        "by_right": "hand",
        "fit_intercept": "True",
    }.items() <= run.data.params.items()
    assert (
        fresh.root / f"outputs/artifacts/{run.info.run_id}/artifacts/left.txt"
    ).read_text() == "hello"


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_sends_mlflow_elsewhere_does_so_for_itself_alone(
    workers: int, fresh: Project
) -> None:
    left = "mlflow.set_tracking_uri('sqlite:///elsewhere.db')\nmlflow.set_experiment('mine')\nmlflow.log_metric('left', 5)"
    study(fresh, head="import mlflow", left=left, last="mlflow.log_metric('last', 6)")
    fresh.labkart("run", f"labkart.workers={workers}")
    (run,) = runs(client(fresh))
    assert run.info.status == "FINISHED"
    assert {
        "last": 6,
        "answer": 3,
    }.items() <= run.data.metrics.items() and "left" not in run.data.metrics
    (elsewhere,) = MlflowClient(f"sqlite:///{fresh.root}/elsewhere.db").search_runs(["1"])
    assert elsewhere.data.metrics == {"left": 5}


def test_what_a_task_tells_mlflow_needs_no_store_and_is_written_later(fresh: Project) -> None:
    left = "mlflow.log_param('theirs', 1)\n"
    left += (
        "with mlflow.start_run(nested=True, run_name='fold 0'):\n    mlflow.log_metric('MAP@10', 5)"
    )
    study(fresh, head="import mlflow", left=left)
    done = fresh.run("labkart", "run", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert done.returncode == 0 and "answer 3" in done.stdout
    assert done.stderr.count('MLflow takes no name "MAP@10": it shows MAP_10.') == 1
    assert "Not in MLflow yet (http://127.0.0.1:9 does not answer)" in done.stderr
    fresh.labkart("run", "seed=1")  # all tasks are cached
    fresh.labkart("sync")
    fresh.labkart("sync")
    runs_ = {run.info.run_name: run for run in runs(client(fresh))}
    assert runs_.keys() == {"defaults", "seed=1", "fold 0"}
    assert len(runs(client(fresh))) == 4
    assert runs_["defaults"].data.params["theirs"] == runs_["seed=1"].data.params["theirs"] == "1"
    fold = runs_["fold 0"]
    assert fold.data.metrics == {"MAP_10": 5} and fold.info.status == "FINISHED"
    assert not list(fresh.root.rglob("mlflow/*.db*")) and not (fresh.root / "mlruns").exists()


def messages(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """What a command says on the error stream, but for what it waits for on a busy machine."""
    lines = [line.strip() for line in done.stderr.strip().splitlines()]
    return [line for line in lines if not line.startswith("writing to MLflow: ")]


def of_one_run(project: Project, *ended: "subprocess.CompletedProcess[str]") -> bool:
    """Whether commands that have ended well share a run, which has what was said to MLflow while they ran."""
    assert [done.returncode for done in ended] == [0, 0], ended
    (run,) = runs(client(project))
    return (
        run.info.status == "FINISHED"
        and run.data.metrics.items() >= {"late": 5, "answer": 3}.items()
    )


def test_the_same_experiment_in_another_process_shares_the_run(fresh: Project) -> None:
    study(
        fresh,
        head="import mlflow",
        left="Path('there').touch()\nwait_for('go')\nmlflow.log_metric('late', 5)",
    )
    with running(fresh, "run") as first:
        soon((fresh.root / "there").exists)
        with running(fresh, "run") as second:
            soon(lambda: "waits: process" in second.errors)
            (fresh.root / "go").touch()
            assert of_one_run(fresh, first.wait(), second.wait())


@pytest.mark.thorough
def test_an_experiment_that_another_process_ends_before_this_one_comes_to_it_keeps_its_run(
    fresh: Project,
) -> None:
    study(
        fresh,
        head="import mlflow",
        left="Path('there').touch()\nwait_for('go')\nmlflow.log_metric('late', 5)",
    )
    with running(fresh, "run") as first:
        soon((fresh.root / "there").exists)
        second = fresh.run("python", "-c", PLANS_TOO_EARLY)
        assert of_one_run(fresh, first.wait(), second)
    shown = second.stdout.split()
    assert [shown[shown.index(task) + 1] for task in ("Left", "Right", "Last")] == 3 * ["cached"]


def test_a_beginning_that_is_told_after_another_process_has_told_the_end_opens_no_second_run(
    fresh: Project,
) -> None:
    study(fresh).labkart("run")
    code = "from labkart.records import record\nfrom labkart.tracking import connection, experiment_run\n(one,) = record.read_experiments()\nexperiment_run.begin(connection.open_store(), one)"
    assert fresh.run("python", "-c", code).returncode == 0
    assert statuses(fresh) == ["FINISHED"]


# A run that knows what is missing, and comes to it only when another process has computed it.
PLANS_TOO_EARLY = """
import time
from pathlib import Path
from labkart.cli import main
from labkart.experiments.run import HydraTask

run_experiment = HydraTask.run_experiment

def wait_and_run(task, experiment):
    Path("go").touch()
    while list(Path("outputs/running").iterdir()):
        time.sleep(0.05)
    run_experiment(task, experiment)

HydraTask.run_experiment = wait_and_run
raise SystemExit(main.main(["run"]))
"""


# Killed


def test_a_run_that_is_killed_is_closed_by_the_process_that_is_left(fresh: Project) -> None:
    study(
        fresh, left="self.log_metric('loss', 5, step=1)\nPath('there').touch()\nwait_for('never')"
    )
    with running(fresh, "run") as process:
        soon((fresh.root / "there").exists)
        soon(lambda: statuses(fresh) == ["RUNNING"])
        process.kill()
        soon(lambda: statuses(fresh) == ["KILLED"])
    assert runs(client(fresh))[0].data.metrics["Left.loss"] == 5
    assert (experiment(fresh)["status"], experiment(fresh)["error"]) == (
        "killed",
        "The process was killed.",
    )


def test_the_next_command_closes_what_a_dead_machine_left_open_and_nothing_that_is_alive(
    fresh: Project,
) -> None:
    study(
        fresh,
        left="Path(f'there{os.environ[\"N\"]}').touch()\nwait_for('go') if os.environ['N'] == '2' else wait_for('never')",
    )
    with running(fresh, "run", "seed=1", N="1") as process:
        soon((fresh.root / "there1").exists)
        soon(lambda: statuses(fresh) == ["RUNNING"])
        process.kill_all()
        process.wait()
    with running(fresh, "run", "seed=2", N="2") as alive:
        soon((fresh.root / "there2").exists)
        soon(lambda: statuses(fresh) == ["KILLED", "RUNNING"])
        fresh.labkart("sync")
        assert statuses(fresh) == ["KILLED", "RUNNING"]
        (fresh.root / "go").touch()
        alive.wait()
    assert statuses(fresh) == ["KILLED", "FINISHED"]


@pytest.mark.parametrize(
    ("sent", "code", "group"),
    [(signal.SIGTERM, 143, False), (signal.SIGTERM, 143, True), (signal.SIGINT, 130, True)],
)
def test_a_run_that_is_asked_to_stop_closes_and_keeps_what_was_logged(
    fresh: Project, sent: int, code: int, group: bool
) -> None:
    wait = "self.log_metric('loss', 5, step=1)\nPath(f'{type(self).__name__} {os.getpid()}').touch()\nwait_for('never')"
    study(fresh, left=wait, right=wait)
    with running(fresh, "run", "labkart.workers=2") as process:
        soon(lambda: len([*fresh.root.glob("Left *"), *fresh.root.glob("Right *")]) == 2)
        workers = [
            file.name.split()[1]
            for name in ("Left", "Right")
            for file in fresh.root.glob(f"{name} *")
        ]
        (os.killpg if group else os.kill)(process.pid, sent)
        done = process.wait()
    assert done.returncode == code
    assert "Stopped. Finished work is kept; the same command continues." in messages(done)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    (run,) = runs(client(fresh))
    assert (run.info.status, experiment(fresh)["status"]) == ("KILLED", "stopped")
    assert run.data.metrics.items() >= {"Left.loss": 5, "Right.loss": 5}.items()


# Servers


@contextmanager
def server(folder: Path, port: int) -> Iterator[Callable[[], None]]:
    """MLflow's server while the block runs, and how to stop it before."""
    words = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    env = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            words + stores, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
        )

    def stop() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    try:
        soon(lambda: "Application startup complete" in (folder / "server.log").read_text())
        yield stop
    finally:
        stop()


@pytest.mark.thorough
def test_a_server_that_is_lost_midway_gets_all_of_it_from_sync(
    fresh: Project, tmp_path: Path
) -> None:
    study(fresh, left="self.log_metric('loss', 5, step=1)\nPath('there').touch()\nwait_for('go')")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        server(tmp_path, port) as stop,
        running(fresh, "run", "labkart.workers=2", MLFLOW_TRACKING_URI=address) as process,
    ):
        soon((fresh.root / "there").exists)
        store = MlflowClient(address)
        soon(lambda: [run.data.metrics for run in runs(store)] == [{"Left.loss": 5}])
        stop()
        (fresh.root / "go").touch()
        done = process.wait()
    assert done.returncode == 0 and "answer 3" in done.stdout
    assert done.stderr.startswith("  Not in MLflow yet (") and done.stderr.strip().endswith(
        "sync publishes it."
    )
    assert len(messages(done)) == 1
    fresh.labkart("run", "seed=1", MLFLOW_TRACKING_URI="")
    done = fresh.run(
        "labkart", "sync", MLFLOW_TRACKING_URI=address, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0"
    )
    assert (
        done.returncode == 1
        and done.stderr
        == f"Stopped: {address} does not answer. 0 experiments were written; run it again for the others.\n"
    )
    with server(tmp_path, port):
        assert f"2 of 2 experiments written; all are in {address}" in fresh.labkart(
            "sync", MLFLOW_TRACKING_URI=address
        )
        assert "0 of 2 experiments" in fresh.labkart("sync", MLFLOW_TRACKING_URI=address)
        found = runs(MlflowClient(address))
        assert [(each.info.status, each.data.params["seed"]) for each in found] == [
            ("FINISHED", "0"),
            ("FINISHED", "1"),
        ]
        assert [each.data.metrics["answer"] for each in found] == [3, 4]
        files = {file.path for file in MlflowClient(address).list_artifacts(found[0].info.run_id)}
        assert {"config.yaml", "pipeline.svg", "tasks.csv", "packages.txt"} <= files


def test_a_server_that_never_answers_delays_nothing_for_long(fresh: Project) -> None:
    study(fresh)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        # It fails after 200 s; MLflow's own patience is longer.
        done = fresh.run("labkart", "run", MLFLOW_TRACKING_URI=address)
    assert done.returncode == 0 and "answer 3" in done.stdout
    assert f"Not in MLflow yet ({address} did not take all of it in time)" in done.stderr
    assert len(messages(done)) == 1


# Stores


def test_sync_fills_another_store_in_order_and_a_moved_project_its_own(
    project: Project, tmp_path: Path
) -> None:
    project.labkart("run", "model=forest", "model.params.trees=5")
    other = f"sqlite:///{tmp_path}/other.db"
    assert "2 of 2 experiments written" in project.labkart("sync", MLFLOW_TRACKING_URI=other)
    assert "0 of 2 experiments written" in project.labkart("sync")
    here, there = runs(client(project)), runs(MlflowClient(other))
    assert [each.data.metrics for each in here] == [each.data.metrics for each in there]
    assert [each.data.params for each in here] == [each.data.params for each in there]
    moved = replace(project, root=project.root.rename(tmp_path / "moved"))
    (moved.root / "outputs/mlflow.db").unlink()
    assert "2 of 2 experiments written" in moved.labkart("sync")
    for run in runs(client(moved)):
        assert run.info.artifact_uri.startswith(f"file://{moved.root}/outputs/artifacts/")
        assert client(moved).list_artifacts(run.info.run_id)


@pytest.mark.thorough
def test_a_sync_that_is_killed_goes_on_where_it_was(project: Project) -> None:
    study(project).labkart("run", "-m", "seed=range(1,9)")
    (project.root / "outputs/mlflow.db").unlink()
    there, kills = len(artifacts(project)), 0
    while kills < 2:  # where the machine is busy, it may have ended before
        with running(project, "sync") as process:
            far = there + 2 * kills + 1
            soon(lambda far=far: len(artifacts(project)) >= far)
            process.kill()
            if process.wait().returncode == -signal.SIGKILL:
                kills += 1
            else:
                kills, there = 0, len(artifacts(project))
                (project.root / "outputs/mlflow.db").unlink()
    assert "all are in" in project.labkart("sync")
    assert [each.data.params["seed"] for each in runs(client(project))] == list("012345678")
    assert {each.info.status for each in runs(client(project))} == {"FINISHED"}


def test_a_store_that_was_put_back_to_an_earlier_state_is_filled_again(project: Project) -> None:
    before = (project.root / "outputs/mlflow.db").read_bytes()
    project.labkart("run", "seed=1")
    (project.root / "outputs/mlflow.db").write_bytes(before)
    assert "1 of 2 experiments written" in project.labkart("sync")
    assert [each.data.params["seed"] for each in runs(client(project))] == ["0", "1"]


# What is in a run


def test_a_run_has_the_drawing_the_tasks_the_data_the_outputs_and_the_lock(fresh: Project) -> None:
    (fresh.root / "data/raw/table.csv").write_text("x\n1\n")
    (fresh.root / "uv.lock").write_text("version = 1\n")
    study(
        fresh,
        left="self.table.read_text()\nself.log_metric('nan', math.nan)\nself.log_metric('学習率', 0.5)",
        right="self.dump('x' * 5_000)\nreturn",
        last="Path('data/raw/plain.txt').write_text('5')\nPath('data/raw/plain.txt').read_text()",
        head="",
    )
    fresh.edit(
        "src/my_thesis/tasks/all.py",
        "class Left(labkart.Task[int]):",
        "class Left(labkart.Task[int]):\n    table = labkart.DataFile(default=Path('data/raw/table.csv'))\n    text = labkart.task.gokart.luigi.Parameter(default='p' * 20_000) if False else __import__('luigi').Parameter(default='p' * 20_000)",
    )
    fresh.edit(
        "src/my_thesis/tasks/all.py",
        "self.load(self.left) + self.load(self.right) + self.seed",
        "7",
    )
    fresh.labkart("run", "labkart.artifact_mb=0.001", "labkart.artifact_tasks=all")
    (run,) = runs(client(fresh))
    folder = fresh.root / f"outputs/artifacts/{run.info.run_id}/artifacts"
    assert run.data.metrics["answer"] == 7 and run.data.metrics["Left.学習率"] == 0.5
    assert run.data.metrics["Left.nan"] != run.data.metrics["Left.nan"]
    assert len(run.data.params["Left.text"]) == 6000
    assert (folder / "parameters/Left.text.txt").read_text() == "p" * 20_000
    assert (folder / "uv.lock").read_text() == "version = 1\n"
    assert re.findall(
        r"^(\w+),(\w+),[\d.]+,", (folder / "tasks.csv").read_text(), re.MULTILINE
    ) == [
        ("Left", "ran"),
        ("Right", "ran"),
        ("Last", "ran"),
    ]
    assert "Right" in (folder / "pipeline.svg").read_text()
    assert list(folder.glob("Left/Left_*.pkl")) and not list(folder.glob("Right/Right_*.pkl"))
    assert re.search(
        r"Right,.*,50\d\d,[0-9a-f]{64}", (folder / "outputs_not_copied.csv").read_text()
    )
    (dataset,) = [each.dataset for each in run.inputs.dataset_inputs]
    assert dataset.name == "data/raw/table.csv"
    assert run.data.tags["labkart.data"].startswith("data/raw/table.csv ")
    told = experiment(fresh)
    left = next(each for each in told["tasks"] if each["label"] == "Left")["result"]
    assert left["data"]["table"]["path"] == "data/raw/table.csv" and left["outputs"][0]["bytes"] > 0
    assert (
        left["peak_memory_mb"] > 1 and told["config"]["seed"] == 0 and told["environment"]["host"]
    )


def test_a_model_that_was_logged_can_be_loaded_and_one_that_mlflow_cannot_take_is_told(
    fresh: Project,
) -> None:
    study(
        fresh,
        head="from sklearn.ensemble import RandomForestRegressor",
        left="self.log_model('trees', RandomForestRegressor(5).fit([[0], [1]], [2, 2]))",
        right="self.log_model('none', 5)\n(self._folder() / 'none.pkl').write_bytes(b'damaged')",
    )
    fresh.labkart("run")
    (run,) = runs(client(fresh))
    assert run.info.status == "FINISHED" and run.data.tags["labkart.not_logged.Right none"]
    (model,) = client(fresh).search_logged_models([run.info.experiment_id])
    assert (model.name, model.source_run_id) == ("Left trees", run.info.run_id)
    code = f"import mlflow\nprint(mlflow.sklearn.load_model({model.artifact_location!r}).predict([[3]])[0])"
    assert float(fresh.run("python", "-c", code).stdout) == 2
    assert "0 of 1 experiments written" in fresh.labkart("sync")


@pytest.mark.thorough
def test_one_experiment_that_cannot_be_written_holds_up_no_other(project: Project) -> None:
    project.labkart("run", "-m", "seed=1,2")
    (project.root / "outputs/mlflow.db").unlink()
    for file in (project.root / "outputs/records/experiments").glob("*/record.json"):
        told = json.loads(file.read_text())
        if told["settings"]["seed"] == 1:
            file.with_name("figure.png").mkdir()  # no file
    done = project.run("labkart", "sync")
    assert done.returncode == 1 and done.stderr.endswith(
        "2 of 3 experiments written; these were not.\n"
    )
    assert {"0", "2"} <= {run.data.params["seed"] for run in runs(client(project))}
    next((project.root / "outputs/records/experiments").glob("*/figure.png")).rmdir()
    assert "1 of 3 experiments written" in project.labkart("sync")


def test_words_with_signs_and_a_clock_that_is_set_back(fresh: Project) -> None:
    study(fresh)
    with (fresh.root / "conf/config.yaml").open("a") as file:
        file.write('\ntext: ""\nlist: []\n')
    fresh.labkart("run", "text='a=b[c]'", "list=[1,2]")
    (run,) = runs(client(fresh))
    assert (run.data.params["text"], run.data.tags["mlflow.source.name"]) == (
        "a=b[c]",
        "labkart run text='a=b[c]' list=[1,2]",
    )
    (fresh.root / "outputs/mlflow.db").unlink()
    (file,) = (fresh.root / "outputs/records/experiments").glob("*/record.json")
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"ended": "2001-01-01T00:00:00.000+00:00"}))
    fresh.labkart("sync")
    (run,) = runs(client(fresh))
    assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time


def test_no_secret_is_in_a_record_nor_in_mlflow(fresh: Project) -> None:
    word, key = "correct-horse-battery", "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3hJ6"
    study(
        fresh,
        left=f"# {key}\nraise ValueError(f'no {{os.environ[\"WORD\"]}}')",
        right="Path('x').touch()",
    )
    with (fresh.root / "conf/config.yaml").open("a") as file:
        file.write(
            "\nnote: ''\nstore:\n  word: ${oc.env:WORD}\n  url: postgres://ann:${oc.env:WORD}@host/db\n"
        )
    done = fresh.run("labkart", "run", f"note='{word}'", WORD=word)
    assert done.returncode == 1 and "no " in done.stderr
    (run,) = runs(client(fresh))
    assert run.data.tags["labkart.error"].endswith("ValueError: no ***")
    written = [
        file
        for folder in ("records", "artifacts")
        for file in (fresh.root / "outputs" / folder).rglob("*")
    ]
    texts = [
        file.read_bytes() for file in [*written, fresh.root / "outputs/mlflow.db"] if file.is_file()
    ]
    assert len(texts) > 10
    assert not any(word.encode() in text or key.encode() in text for text in texts)
    assert experiment(fresh)["config"]["store"] == {
        "word": "***",
        "url": "postgres://ann:***@host/db",
    }


def test_a_path_may_have_signs_that_mean_something_in_an_address(
    fresh: Project, tmp_path: Path
) -> None:
    project = replace(fresh, root=fresh.root.rename(tmp_path / "卒業 研究?a%20b#c"))
    study(project).labkart("run")
    found = MlflowClient(f"sqlite:///{quote(str(project.root))}/outputs/mlflow.db")
    (run,) = runs(found)
    assert run.info.status == "FINISHED"
    assert (project.root / f"outputs/artifacts/{run.info.run_id}/artifacts/config.yaml").exists()
