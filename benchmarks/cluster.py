"""Many jobs on a real SLURM, and trouble: `python -m benchmarks.cluster [jobs]`; 10 by itself.

One sweep, of which some jobs run at once. Meanwhile a node dies, a job is cancelled, and the
command is killed and typed again. In the end each step was computed once, nothing is lost, and
never ran more jobs at once than were to.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.slurm import Slurm, slurm
from tests.support.tiny import FILES, write

AT_ONCE = 4
PIPELINE = """\
import luigi, time
from gokart import TaskInstanceParameter
from labkart import Task, make

def pipeline(cfg):
    return make(Work, number=cfg.number, shared=make(Shared))

def note(word):
    with open("trace", "a") as file:
        file.write(word + "\\n")

class Shared(Task):
    def run(self):
        note("shared")
        self.dump(1)

class Work(Task):
    number = luigi.IntParameter()
    shared = TaskInstanceParameter()
    def run(self):
        note(f"begun {self.number}")
        time.sleep(0.5)
        self.log_metric("accuracy", self.number + self.load(self.shared))
        note(f"done {self.number}")
        self.dump(self.number)
"""
LAUNCHER = f"""\
_target_: hydra_plugins.labkart_launcher.SlurmLauncher
timeout_min: 30
cpus_per_task: 1
array_parallelism: {AT_ONCE}
"""
LABKART = "import sys; from labkart.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass
class Study:
    """A tiny project on the cluster.

    Attributes:
        most: the largest number of jobs of one command that ran at once, as seen from outside.
    """

    root: Path
    cluster: Slurm
    jobs: int
    most: int = 0
    events: list[str] = field(default_factory=list)

    def begin(self) -> "subprocess.Popen[str]":
        words = ["run", "-m", f"number=range({self.jobs})", "hydra/launcher=slurm"]
        return subprocess.Popen(
            [sys.executable, "-c", LABKART, *words],
            cwd=self.root,
            env=os.environ | {"SLURM_CONF": str(self.cluster.conf), "PYTHONPATH": "src"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def done(self) -> list[str]:
        trace = self.root / "trace"
        return trace.read_text().splitlines() if trace.exists() else []

    def wait_for(self, share: float) -> None:
        """Wait until this share of the jobs has a result."""
        while sum(line.startswith("done") for line in self.done()) < share * self.jobs:
            running = Counter(self.running("%F"))
            self.most = max([self.most, *running.values()])
            time.sleep(0.3)

    def running(self, what: str) -> list[str]:
        """The number of the array (%F), id (%i) or node (%N) of each job that runs."""
        return self.cluster.ask("squeue", "-h", "-r", "-t", "R", "-o", what).split()

    def one_that_runs(self, what: str) -> str:
        """The same of one job, as soon as one runs."""
        while not (running := self.running(what)):
            time.sleep(0.1)
        return running[0]

    def note(self, event: str) -> None:
        self.events.append(f"{sum(line.startswith('done') for line in self.done())} done: {event}")


def trouble(study: Study) -> str:
    """Let a node die, cancel a job, kill the command; what the second command printed."""
    command = study.begin()
    study.wait_for(0.2)
    node = study.one_that_runs("%N")
    study.note(f"{node} dies")
    study.cluster.kill(node)
    study.cluster.revive(node)
    study.wait_for(0.4)
    job = study.one_that_runs("%i")
    study.note(f"job {job} is cancelled")
    study.cluster.ask("scancel", job)
    study.wait_for(0.7)
    study.note("the command is killed and typed again")
    command.kill()
    command.wait()
    printed, _ = study.begin().communicate()
    return printed


def report(study: Study, printed: str) -> bool:
    """Print what was found; whether all of it is right."""
    lines = Counter(study.done())
    done = Counter({line: count for line, count in lines.items() if line.startswith("done")})
    begun = sum(count for line, count in lines.items() if line.startswith("begun"))
    files = study.root.glob("outputs/records/experiments/*/record.json")
    states = Counter(json.loads(file.read_bytes())["status"] for file in files)
    with closing(sqlite3.connect(study.root / "outputs/mlflow.db")) as store:
        query = "SELECT status, COUNT(*) FROM runs WHERE lifecycle_stage = 'active' GROUP BY 1"
        runs = dict(store.execute(query))
    print(*study.events, sep="\n")
    print(f"begun {begun}, done {done.total()} of {study.jobs}, twice {begun - done.total()} begun")
    print(f"the shared step ran {lines['shared']} times; experiments: {dict(states)}")
    print(f"runs in MLflow: {runs}")
    print(f"at most {study.most} jobs of a command at once (array_parallelism {AT_ONCE})")
    is_right = [
        done == Counter({f"done {number}": 1 for number in range(study.jobs)}),
        lines["shared"] == 1,
        states == {"finished": study.jobs},
        study.most <= AT_ONCE,
        runs == {"FINISHED": study.jobs},
    ]
    print("right" if all(is_right) else f"WRONG: {is_right}\n{printed}")
    return all(is_right)


def main(words: list[str]) -> int:
    begin = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True) as folder,
        slurm() as cluster,
    ):
        root = Path(folder)
        write(root, **FILES | {"conf/config.yaml": "number: 0\ntask: null\n"})
        write(root, **{"conf/hydra/launcher/slurm.yaml": LAUNCHER, "src/study/__init__.py": ""})
        write(root, **{"src/study/pipeline.py": PIPELINE})
        study = Study(root, cluster, int(words[0]) if words else 10)
        is_right = report(study, trouble(study))
    print(f"{time.monotonic() - begin:.0f} s")
    return int(not is_right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
