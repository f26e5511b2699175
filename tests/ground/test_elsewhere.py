"""On a system that is not Linux: what only Linux knows is left out, and all else works."""

import json
import os
from pathlib import Path

import psutil
import pytest

from tests.support.bake import TEMPLATE
from tests.support.tiny import python, soon, start, write

pytestmark = pytest.mark.integration

LOOK = """\
import json, os, subprocess, sys, time
import psutil
from labkart import signals, threads
from labkart.fingerprint import imports
from labkart.records import leftovers, locks, provenance
from labkart.tasks import resources, sampler
from tests.support import elsewhere
elsewhere.pretend()
child = subprocess.Popen(["sleep", "60"])
use = resources.Resources()
with use.measured():
    pass
signals.adopt_orphans()
print(json.dumps({
    "processors": threads.cores(),
    "memory": use.peak_memory_mb,
    "disk": sampler._own_disk_use(),
    "alive": [leftovers._is_alive(str(number)) for number in (os.getpid(), 2**22 + 1)],
    "holder": locks._holder(elsewhere.Path("/etc/passwd")),
    "cpu": provenance._cpu(),
    "age": time.time() - imports._process_start() / 1e9,
    "children": list(signals.children()),
}))
child.kill()
"""
TASKS = """\
import os
from labkart import Task
from luigi import IntParameter


class Part(Task[int]):
    number: IntParameter = IntParameter()

    def run(self) -> None:
        print("part", self.number)
        self.log_metric("number", self.number)
        self.dump(self.number)


class Whole(Task[int]):
    def requires(self):
        return [Part(number=number) for number in range(3)]

    def run(self) -> None:
        self.dump(sum(self.load()))
"""
PIPELINE = """\
from study.tasks import Whole
def pipeline(cfg):
    return Whole()
"""
RUN = """\
import sys
from labkart.cli import main
import labkart.tracking.publisher, labkart.experiments.build, labkart.cli.run, mlflow, hydra, psutil
from tests.support import elsewhere
elsewhere.pretend()
sys.exit(main.main(["run"]))
"""


CAPTURE = """\
import time
from tests.support import elsewhere
elsewhere.pretend()
from labkart.tasks import capture
from labkart.tasks.context import context
capture.start(["a secret"])
print(context.monitor.process, flush=True)
time.sleep(60)
"""


def test_the_process_that_keeps_logs_ends_with_the_one_that_is_killed(root: Path) -> None:
    process = start(CAPTURE, root, TEMPLATE)
    assert process.stdout and process.stderr
    monitor = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.wait()
    soon(lambda: not monitor.is_running() or monitor.status() == psutil.STATUS_ZOMBIE)
    process.stdout.close()
    process.stderr.close()


def test_what_only_linux_knows_is_left_out(root: Path) -> None:
    facts = json.loads(python(LOOK, root, TEMPLATE))
    assert facts["processors"] == os.cpu_count()
    assert facts["memory"] > 1 and facts["disk"] == [0, 0] and facts["cpu"]
    assert facts["alive"] == [True, False] and facts["holder"] == "another process"
    assert abs(facts["age"]) < 60 and facts["children"] == []


@pytest.mark.thorough
def test_an_experiment_runs_in_two_processes_and_has_its_logs(root: Path) -> None:
    (root / "conf/config.yaml").write_text("seed: 0\nlabkart:\n  workers: 2\n")
    write(
        root,
        **{
            "src/study/__init__.py": "",
            "src/study/tasks.py": TASKS,
            "src/study/pipeline.py": PIPELINE,
        },
    )
    printed = python(RUN, root, TEMPLATE)
    assert all(f"part {number}" in printed for number in range(3))
    logs = [file.read_text() for file in root.glob("outputs/records/**/log.txt")]
    assert sorted(text.strip() for text in logs if "part" in text) == ["part 0", "part 1", "part 2"]
