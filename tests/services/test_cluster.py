"""A sweep on a real cluster: the same words, the same records, whatever becomes of its jobs."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.support.bake import Project
from tests.support.slurm import Slurm
from tests.support.tiny import soon

pytestmark = pytest.mark.thorough

SWEEP = ("run", "-m", "data=wine", "model=logistic", "seed=0,1,2", "hydra/launcher=slurm")
TROUBLE = """\
        if not Path("go").exists() and self.seed == 1:
            raise ValueError("no such luck")
        if not Path("go").exists() and self.seed == 2:
            Path("started").touch()
            while not Path("go").exists():
                time.sleep(0.05)
"""


@pytest.fixture
def study(fresh: Project, lab: Slurm, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A new project on the cluster; what its tasks compute is written down in `trace`, a word a run."""
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    for old, new in {"mem_gb: 4": "mem_gb: 1", "cpus_per_task: 2": "cpus_per_task: 1"}.items():
        fresh.edit("conf/hydra/launcher/slurm.yaml", old, new)
    for stage, task in {
        "load": "LoadTable",
        "split": "SplitTable",
        "train": "TrainLogistic",
    }.items():
        file = f"src/my_thesis/tasks/{stage}.py"
        trace = f"""        with open("trace", "a") as file:\n            file.write("{task} ")\n"""
        body = (
            fresh.read(file)
            .partition(f"class {task}(")[2]
            .partition("    def run(self) -> None:\n")[2]
        )
        fresh.edit(file, body, trace + body)
    return fresh


def statuses(project: Project) -> dict[str, str]:
    """How each seed's run ended, as MLflow says."""
    client = MlflowClient(f"sqlite:///{project.root}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("my-thesis")
    assert experiment
    runs = client.search_runs([experiment.experiment_id])
    return {run.data.params["seed"]: run.info.status for run in runs}


def rows(said: str) -> list[list[str]]:
    """The table at the end."""
    return [
        re.split(" {2,}", line.strip())
        for line in said.splitlines()
        if re.search(r" ± |^  accuracy", line)
    ]


def test_a_sweep_on_the_cluster_ends_as_it_does_here_and_the_same_words_have_nothing_to_do(
    study: Project,
) -> None:
    sweep = [word.replace("0,1,2", "0,1") for word in SWEEP]
    said = study.labkart(*sweep)
    assert "2 experiments, 6 tasks: 0 cached, 6 to run in 2 jobs on the cluster" in said
    assert sorted(study.read("trace").split()) == [
        "LoadTable",
        "SplitTable",
        *["TrainLogistic"] * 2,
    ]
    assert statuses(study) == dict.fromkeys("01", "FINISHED")
    assert rows(said)[0][-1] == "n" and rows(said)[1][-1] == "2"
    here = study.labkart(*sweep[:-1])
    assert "nothing to do" in here and rows(here) == rows(said)


def test_a_job_that_fails_and_one_that_is_cancelled_do_so_alone_and_the_same_words_finish_them(
    study: Project, lab: Slurm
) -> None:
    study.edit("src/my_thesis/tasks/train.py", 'TrainLogistic ")\n', f'TrainLogistic ")\n{TROUBLE}')
    study.edit(
        "src/my_thesis/tasks/train.py",
        "from luigi",
        "import time\nfrom pathlib import Path\n\nfrom luigi",
    )
    process = subprocess.Popen(
        study.command("labkart", *SWEEP),
        cwd=study.root,
        env=study.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def left() -> list[str]:
        """Without those that have ended, which are there for a while."""
        return lab.ask("squeue", "-h", "-r", "-t", "R,PD", "-o", "%i").split()

    soon(lambda: study.has("started") and len(left()) == 1)
    lab.ask("scancel", *left())
    _, errors = process.communicate(timeout=120)
    assert (
        process.returncode == 1
        and "2 of 3 experiments have no result:" in errors
        and "Traceback" not in errors
    )
    assert re.search(
        r"seed=1: TrainLogistic: src/my_thesis/tasks/train.py:\d+: ValueError: no such luck", errors
    )
    assert re.search(r"seed=2: .*cancelled", errors)
    assert statuses(study) == {"0": "FINISHED", "1": "FAILED", "2": "KILLED"}
    ids = {
        run["settings"]["seed"]: run["id"] for run in json.loads(study.labkart("runs", "--json"))
    }
    failed, cancelled = (study.labkart("log", ids[seed]) for seed in (1, 2))
    assert "ValueError: no such luck" in failed.partition("── job  outputs/jobs/my-thesis-")[2]
    assert "CANCELLED AT" in cancelled.partition("── job  outputs/jobs/my-thesis-")[2]
    Path(study.root, "go").touch()
    study.labkart(*SWEEP)
    last = study.labkart("log", ids[1])
    assert "no such luck" not in last and "── job  outputs/jobs/my-thesis-" in last
    assert statuses(study) == dict.fromkeys("012", "FINISHED")
    assert sorted(study.read("trace").split()) == [
        "LoadTable",
        "SplitTable",
        *["TrainLogistic"] * 5,
    ]


TOGETHER = """\
        place = Path("ranks")
        place.mkdir(exist_ok=True)
        rank = os.environ["SLURM_PROCID"]
        seen = os.environ["SLURMD_NODENAME"] + " " + os.environ["CUDA_VISIBLE_DEVICES"]
        (place / rank).write_text(seen)
        while len(list(place.iterdir())) < 2:
            time.sleep(0.05)
        if rank == "1" and Path("fail").exists():
            raise ValueError("no such luck")
        while rank == "0" and Path("fail").exists():
            time.sleep(0.05)
"""
SEVERAL = ("run", "data=wine", "model=logistic", "hydra/launcher=slurm", "hydra.launcher.nodes=2")


def test_several_nodes_run_one_task_and_the_first_one_commits_it(
    study: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "claims").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "claims"))  # all nodes are this machine
    nobody = study.run("labkart", *SEVERAL)
    assert nobody.returncode == 1
    assert (
        "hydra.launcher: a job of 2 processes, and no task for them. Write distributed = True in the class "
        "of the task that all of them run together, or set nodes and tasks_per_node to 1."
    ) in nobody.stderr.splitlines()
    file = "src/my_thesis/tasks/train.py"
    study.edit(
        file,
        "from luigi import",
        "import os\nimport time\nfrom pathlib import Path\n\nfrom luigi import",
    )
    study.edit(
        file,
        "    c: FloatParameter",
        '    distributed = True\n    resources = {"gpu": 1}\n    c: FloatParameter',
    )
    study.edit(file, "        regression = ", f"{TOGETHER}        regression = ")
    (study.root / "fail").touch()
    settings = "labkart.resources.gpu=2", "hydra.launcher.max_num_timeout=0"
    failed = study.run("labkart", *SEVERAL, *settings)
    told = r"TrainLogistic, process 1: src/my_thesis/tasks/train.py:\d+: ValueError: no such luck"
    assert failed.returncode == 1 and re.search(told, failed.stderr)
    (study.root / "fail").unlink()
    subprocess.run(["rm", "-r", "ranks", "trace"], cwd=study.root, check=True)
    said = study.labkart(*SEVERAL, *settings)
    assert "1 experiment, 4 tasks: 2 cached, 2 to run in 1 jobs on the cluster" in said
    assert study.read("trace").split() == ["TrainLogistic"] * 2
    nodes, cards = zip(*(study.read(f"ranks/{rank}").split() for rank in (0, 1)), strict=True)
    assert len(set(nodes)) == 2 and set(cards) == {"0", "1"}
    assert statuses(study) == {"0": "FINISHED"}
    assert len(list(study.root.glob("outputs/cache/**/TrainLogistic_*.pkl"))) == 1
    *_, last = sorted(study.root.glob("outputs/slurm/*"))
    assert not list(last.glob("ranks-*"))
