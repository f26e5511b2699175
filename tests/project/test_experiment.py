"""Experiments that share tasks: whose a task is while it runs, and what becomes of each of them."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import Commands
from tests.support.tiny import write
from tests.support.variants import variants

STUDY = {
    "src/study/__init__.py": "",
    "src/study/pipeline.py": """\
from pathlib import Path
from gokart import ListTaskInstanceParameter
from labkart import Task, make
from luigi import IntParameter, StrParameter

class Part(Task):
    number = IntParameter()
    def run(self):
        with Path("trace").open("a") as file:
            file.write(f"{self.number} ")
        if self.number == 3 and not Path("go").exists():
            raise ValueError("no such luck")
        self.log_metric("number", self.number)
        self.dump(self.number)

class Whole(Task):
    parts = ListTaskInstanceParameter()
    name = StrParameter()
    def run(self):
        self.log_metric("total", sum(self.load(self.parts)))
        self.dump(self.name)

class Asking(Task):
    name = StrParameter()
    def run(self):
        numbers = yield [Part(number=number) for number in (1, 2)]
        self.dump(self.name)

def pipeline(cfg):
    if cfg.name == "asking":
        return make(Asking, name=cfg.name)
    return make(Whole, name=cfg.name, parts=[make(Part, number=int(number)) for number in cfg.name])
""",
    "conf/config.yaml": "name: '12'\ntask: null\n",
}


@pytest.fixture
def study(root: Path) -> Path:
    write(root, **STUDY)
    return root


def labkart(warm: Commands, root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    code = f"from labkart.cli.main import main; raise SystemExit(main({list(words)!r}))"
    return warm.code(code, root, MLFLOW_DISABLE_TELEMETRY="true")


def statuses(root: Path) -> dict[str, str]:
    files = root.glob("outputs/records/experiments/*/record.json")
    told = [json.loads(file.read_text()) for file in files]
    return {each["settings"]["name"]: each["status"] for each in told}


@pytest.mark.parametrize("workers", variants([2, 1]))
def test_a_task_has_another_place_in_each_experiment_and_runs_once(
    warm: Commands, study: Path, workers: int
) -> None:
    done = labkart(warm, study, "run", "-m", "name='12','21','122'", f"+labkart.workers={workers}")
    assert done.returncode == 0, done.stderr
    assert sorted((study / "trace").read_text().split()) == ["1", "2"]
    assert statuses(study) == dict.fromkeys(["12", "21", "122"], "finished")


def test_what_fails_in_one_is_no_affair_of_the_others_and_runs_again_alone(
    warm: Commands, study: Path
) -> None:
    words = ("run", "-m", "name='12','32','13'", "+labkart.workers=1")
    done = labkart(warm, study, *words)
    assert done.returncode == 1 and "2 of 3 experiments have no result:" in done.stderr
    assert statuses(study) == {"12": "finished", "32": "failed", "13": "failed"}
    (study / "go").touch()
    (study / "trace").unlink()
    assert labkart(warm, study, *words).returncode == 0
    assert (study / "trace").read_text().split() == ["3"]
    assert statuses(study) == dict.fromkeys(["12", "32", "13"], "finished")


@pytest.mark.parametrize("workers", variants([2, 1]))
def test_a_task_that_is_asked_for_while_another_runs_is_part_of_both(
    warm: Commands, study: Path, workers: int
) -> None:
    done = labkart(warm, study, "run", "-m", "name=asking,'12'", f"+labkart.workers={workers}")
    assert done.returncode == 0, done.stderr
    assert statuses(study) == dict.fromkeys(["asking", "12"], "finished")
    assert sorted((study / "trace").read_text().split()) == ["1", "2"]
