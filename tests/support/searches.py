"""A tiny project with a search, and what tests of searches do in it: run, fork, change, count."""

import os
import signal
import time
import traceback
from collections import Counter
from pathlib import Path

from labkart.cli import search as verb
from labkart.experiments.search import search
from labkart.experiments.search.config import SearchConfig
from labkart.experiments.search.runner import StudyRunner
from labkart.fingerprint import snapshot
from labkart.records.study import Study
from tests.support.tiny import write

TASKS = """
import os, time
from labkart import Task, make
from luigi import FloatParameter, IntParameter, StrParameter

class Loss(Task[float]):
    x: FloatParameter = FloatParameter()
    kind: StrParameter = StrParameter()
    seconds: FloatParameter = FloatParameter()

    def run(self) -> None:
        with open("trace", "a+") as trace:
            trace.write(f"{self.x} {self.kind}\\n")
            trace.seek(0)
            number = len(trace.readlines())
        with open("processes", "a") as processes:
            print(os.getpid(), file=processes)
        time.sleep(self.seconds)
        while os.path.exists(f"hold-{number}"):
            time.sleep(0.005)
        if self.kind == "broken":
            raise ValueError("no such luck")
        self.log_metric("loss", (self.x - 1) ** 2 + (self.kind == "a"))
        self.log_metric("size", abs(self.x))
        if self.kind == "empty":
            self.log_metric("loss", float("nan"))
        self.dump(self.x)

class Slow(Task[int]):
    x: FloatParameter = FloatParameter()

    def run(self) -> None:
        for step in range(5):
            self.report(self.x + step, step)
            with open("trace", "a") as trace:
                trace.write(f"{self.x} {step}\\n")
            if os.path.exists("stop") and step == 3:
                time.sleep(100)
        self.log_metric("loss", self.x)
        self.dump(1)

def pipeline(cfg):
    if cfg.slow:
        return make(Slow, x=cfg.x)
    return make(Loss, x=cfg.x, kind=cfg.kind, seconds=cfg.seconds)
"""
CONFIG = "defaults:\n  - _self_\n  - part: one\n  - search: null\nx: 0.5\nkind: b\nslow: false\nseconds: 0.0\nlabkart:\n  workers: 1\n"
SEARCH = """\
# @package _global_
search:
  objectives: {loss: minimize}
  sampler: RandomSampler
  n_trials: 12
  space:
    x: {low: -3.0, high: 3.0}
    kind: {choices: [a, b]}
"""


class Nobody:
    """Publishes nothing, so that no test waits for MLflow."""

    def start(self) -> None: ...


def write_project(root: Path, module: str) -> None:
    """Write the project; its pipeline is in that module."""
    table = f'[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{module}:pipeline"\n'
    parts = {f"conf/part/{part}.yaml": f"size: {part}\n" for part in ("one", "two")}
    write(
        root,
        **{"pyproject.toml": table, "conf/config.yaml": CONFIG, "conf/search/s.yaml": SEARCH},
        **parts,
    )


def run(*words: str) -> Study:
    """The study, after a search with these words."""
    args = verb.parse(words)
    with snapshot.frozen(), verb.SearchProgress() as progress:
        config = SearchConfig("search=s", *args.overrides)
        runner = StudyRunner(config, progress, fail_fast=args.fail_fast)
        return search.run(runner, Nobody(), args.n or config.n_trials, args.workers)  # pyright: ignore[reportArgumentType]


def forked(*words: str) -> int:
    """Begin a search in a process of its own."""
    if process := os.fork():
        return process
    status = 1
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run(*words)
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def interrupted(process: int) -> int:
    """How it ends after Ctrl-C. Python can lose that at a fork: a person presses again."""
    pauses = 0
    while not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if pauses % 1000 == 0:
            os.kill(process, signal.SIGINT)
        pauses += 1
        time.sleep(0.01)
    return ended(process)


def trials(found: Study) -> list[tuple[object, ...]]:
    return [(each.number, each.state, each.words, each.values) for each in found.trials]


def trace() -> Counter[str]:
    """How often each value was computed."""
    return Counter(Path("trace").read_text().splitlines()) if Path("trace").exists() else Counter()


def change(here: Path, old: str, new: str, file: str = "conf/search/s.yaml") -> None:
    text = (here / file).read_text()
    assert old in text
    (here / file).write_text(text.replace(old, new))
