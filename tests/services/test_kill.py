"""A run that is killed at any moment, or meets a full disk, harms nothing: the next one is right and reuses what was done."""

import fnmatch
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import pytest

from tests.support.bake import LIBRARY
from tests.support.tiny import FILES, soon, start, write
from tests.support.variants import variants

SIZE = 200_000  # numbers in an array: 1.6 MB
FACTORS = (3, 5, 7)
ANSWER = sum((factor + 1) * SIZE for factor in FACTORS)
SIGNALS = [signal.SIGKILL] * 4 + [signal.SIGTERM, signal.SIGINT]

PIPELINE = f"""\
import os
import random
import time
import luigi
import numpy as np
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from labkart import Task

def trace(task):
    file = os.open(os.path.join(os.environ["LABKART_OUTPUTS"], "trace"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{{task.get_task_family()}}_{{task.make_unique_id()}}\\n".encode())
    os.close(file)

def save(array, path):
    with open(path, "wb") as file:
        np.save(file, array)

class Numbers(Task):
    factor = luigi.IntParameter()
    def run(self):
        trace(self)
        self.dump(np.full({SIZE}, self.factor))  # to compress what differs takes longer than all the rest

class Named(Numbers):
    def output(self):
        return self.make_target("named/numbers.pkl")

class Model(Task):
    numbers = TaskInstanceParameter()
    def output(self):
        return self.make_model_target("model.zip", save_function=save, load_function=np.load)
    def run(self):
        trace(self)
        self.dump(self.load(self.numbers) + 1)

class Total(Task):
    models = ListTaskInstanceParameter()
    def run(self):
        trace(self)
        self.dump(sum(int(model.sum()) for model in self.load(self.models)))

class Again(Task):
    retry_count = 100

class Leaf(Again):
    number = luigi.IntParameter()
    def run(self):
        trace(self)
        time.sleep(random.SystemRandom().uniform(0, 0.02))
        self.dump(self.number)

class Sum(Again):
    parts = ListTaskInstanceParameter()
    def run(self):
        trace(self)
        time.sleep(random.SystemRandom().uniform(0, 0.02))
        self.dump(sum(self.load(self.parts)))

def wide():
    leaves = [Leaf(number=number) for number in range(20)]
    pairs = [Sum(parts=leaves[2 * number : 2 * number + 2]) for number in range(10)]
    return Sum(parts=[Sum(parts=pairs[number::4]) for number in range(4)])

def pipeline(cfg):
    if cfg.get("wide"):
        return wide()
    numbers = [Numbers(factor=3), Numbers(factor=5), Named(factor=7)]
    return Total(models=[Model(numbers=each) for each in numbers])
"""

# Forks processes for each line that it reads, as `labkart run` but without MLflow; strikes one, says how they ended.
SERVER = """\
import contextlib, gc, json, os, random, resource, signal, sys, time, traceback
import study.pipeline
from labkart.experiments import composer, experiment, plan
from labkart.records import leftovers
from labkart.secrets import redact

class Nobody:
    def planned(self, uses): ...
    def started(self, use): ...
    def failed(self, use, error): ...
    def ended(self, use): ...
    def beat(self): ...

def run(words, largest):
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    planned = plan.plan(composed[tuple(words)])
    if planned.record.status != "finished":
        leftovers.remove_leftovers()
        experiment.run_experiments([planned], planned.workers(1), Nobody())
    return int(planned.record.status != "finished")

def forked(words, largest):
    child = os.fork()
    if not child:
        os.dup2(2, 1)
        status = 1
        try:
            status = run(words, largest)
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return child

def strike_tasks(leader, kills):  # one of them every few milliseconds
    path = f"/proc/{leader}/task/{leader}/children"
    struck = 0
    while struck < kills and not os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(random.uniform(0, 0.03))
        with contextlib.suppress(OSError, IndexError):
            os.kill(int(random.choice(open(path).read().split())), signal.SIGKILL)
            struck += 1
    return struck

def strike(child, killed):
    os.kill(child, killed)
    while killed == signal.SIGINT and not waited(child, 5):  # Python loses a Ctrl-C at a fork: a person presses again
        os.kill(child, killed)

def waited(child, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        time.sleep(0.001)
    return False

redact.redact_text("a" * 19 + "0")  # reads its patterns, as each run does
gc.collect()
gc.freeze()  # else each child would copy all that it holds
composed = {}
for line in sys.stdin:
    outputs, words, processes, after, killed, largest, kills = json.loads(line)
    os.environ["LABKART_OUTPUTS"] = outputs
    if tuple(words) not in composed:
        composed[tuple(words)] = composer.compose_overrides(*words)
    began, children = time.monotonic(), [forked(words, largest) for _ in range(processes)]
    if killed:
        time.sleep(after)
        strike(children[0], killed)
    struck = strike_tasks(children[0], kills)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps([ends, time.monotonic() - began if not kills else struck]), flush=True)
"""


@dataclass
class Server:
    """Starts runs in an instant, for it has imported everything."""

    project: Path
    requests: IO[str]
    answers: IO[str]

    @property
    def printed(self) -> str:
        return (self.project / "printed").read_text()

    def run(
        self,
        outputs: Path,
        *words: str,
        processes: int = 1,
        after: float = 0,
        killed: int = 0,
        largest: int = 0,
        kills: int = 0,
    ) -> tuple[list[int], float]:
        """How runs ended, of which the first gets a signal after so many seconds, and how many seconds they took.

        `largest` is the size in bytes that no file may exceed; 0 is no limit. With `kills` so many processes of tasks
        are killed, and the number of those that were is given in place of the seconds.
        """
        print(
            json.dumps([str(outputs), words, processes, after, killed, largest, kills]),
            file=self.requests,
            flush=True,
        )
        ends, seconds = json.loads(self.answers.readline())
        return ends, seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tiny")
    write(folder, **FILES, **{"src/study/__init__.py": "", "src/study/pipeline.py": PIPELINE})
    with (
        (folder / "printed").open("w") as printed,
        subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{folder / 'src'}{os.pathsep}{LIBRARY.parent}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
            text=True,
        ) as process,
    ):
        assert process.stdin and process.stdout
        yield Server(folder, process.stdin, process.stdout)
        process.stdin.close()


def done(outputs: Path) -> set[str]:
    """The tasks whose last run was committed."""
    records = outputs.glob("records/tasks/*/record.json")
    return {
        file.parent.name for file in records if json.loads(file.read_bytes())["status"] == "done"
    }


def traced(outputs: Path) -> Counter[str]:
    """How often each task's body began."""
    return (
        Counter((outputs / "trace").read_text().split())
        if (outputs / "trace").exists()
        else Counter()
    )


def answer(outputs: Path, name: str = "Total") -> int:
    (record,) = [
        each
        for each in outputs.glob(f"records/tasks/{name}_*/record.json")
        if not upstream_of(each, outputs)
    ]
    return int(
        pickle.loads((outputs / json.loads(record.read_bytes())["outputs"][0]["path"]).read_bytes())
    )


def upstream_of(record: Path, outputs: Path) -> list[Path]:
    """The records that build on this one."""
    records = outputs.glob("records/tasks/*/record.json")
    return [
        each for each in records if record.parent.name in json.loads(each.read_bytes())["upstream"]
    ]


def litter(outputs: Path) -> list[str]:
    """What no run may leave once it ended well."""
    patterns = ("*-luigi-tmp-*", "*.tmp", "*/cache/locks/*", "*/cache/tmp/*")
    return sorted(
        path for path in paths(outputs) if any(fnmatch.fnmatch(path, it) for it in patterns)
    )


def paths(outputs: Path) -> list[str]:
    """All that is there; a process that goes on may remove some of it meanwhile."""
    return [f"{folder}/{name}" for folder, *below in os.walk(outputs) for name in chain(*below)]


def forget_last(outputs: Path) -> None:
    """Remove the record of the last task, so that a run has something to do."""
    records = outputs.glob("records/tasks/Sum_*/record.json")
    (last,) = (record for record in records if not upstream_of(record, outputs))
    shutil.rmtree(last.parent)


def copy_packages(whole: Path, outputs: Path) -> None:
    """Let a run know the installed packages, which takes longer to look up than its tasks."""
    shutil.copytree(whole / "memos" / "packages", outputs / "memos" / "packages")


def let_an_hour_pass(outputs: Path) -> None:
    """For halves of records: their names tell no host, so they go when they are old."""
    for half in fnmatch.filter(paths(outputs), "*.tmp"):
        with suppress(FileNotFoundError):  # a process that outlives the one who was killed
            os.utime(half, (0, time.time() - 3600))


def check_the_next_run(server: Server, outputs: Path) -> None:
    """It is right, computes what was not committed and nothing else, and leaves nothing behind."""
    let_an_hour_pass(outputs)
    kept, before = done(outputs), traced(outputs)
    assert server.run(outputs)[0] == [0], server.printed
    ran, outlived = (
        traced(outputs) - before,
        done(outputs) - kept - (traced(outputs) - before).keys(),
    )
    assert answer(outputs) == ANSWER
    assert not ran.keys() & kept, "computed again"
    assert (len(done(outputs)), max(ran.values(), default=1)) == (7, 1)
    assert outlived <= before.keys(), (
        "nobody computed it"
    )  # else, by a worker that outlived the one who was killed
    # A process that outlives the one who was killed may have a last word.
    soon(lambda: not litter(outputs))


@pytest.mark.thorough
@pytest.mark.parametrize(("workers", "strikes"), [(1, 6), (2, 4)])
def test_a_run_killed_at_any_moment_is_right_when_it_runs_again(
    workers: int, strikes: int, server: Server, tmp_path: Path
) -> None:
    chance = random.Random(seed := random.randrange(10**6))
    print(f"random seed {seed}")
    words = [f"+labkart.workers={workers}"]
    lasts = min(server.run(tmp_path / f"whole-{count}", *words)[1] for count in range(2))
    struck, inside = 0, 0
    enough = strikes / 4
    while struck < strikes or (inside < enough and struck < 10 * strikes):
        outputs, killed, after = (
            tmp_path / f"outputs-{struck}",
            chance.choice(SIGNALS),
            chance.uniform(0, lasts),
        )
        if struck % 3:  # the others look up all packages first
            copy_packages(tmp_path / "whole-0", outputs)
        print(f"strike {struck} after {after:.4f} of {lasts:.4f} s with {killed.name}")
        ends, _ = server.run(outputs, *words, after=after, killed=killed)
        struck += ends != [0]
        count = len(done(outputs))
        inside += 0 < count < 7
        # A machine that is busy now takes longer than before, or less long.
        lasts *= 1.2 if not count else 0.9 if count == 7 else 1
        check_the_next_run(server, outputs)
        shutil.rmtree(outputs)
    assert inside >= enough, "too few strikes hit a run in its middle"


@pytest.mark.parametrize("largest", variants([5_000, 200, 1_000_000]))
def test_a_run_that_cannot_write_fails_and_is_right_when_it_can(
    largest: int, server: Server, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs"
    ends, _ = server.run(outputs, largest=largest)
    assert ends != [0]
    check_the_next_run(server, outputs)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """The outputs lie on a disk of their own, whose size can be set."""
    disk = tmp_path / "outputs"
    disk.mkdir()

    def mount(*options: str) -> bool:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", *options, "tmpfs", disk], capture_output=True
        )
        return done.returncode == 0

    if sys.platform != "linux" or not mount("-o", "size=1m"):
        pytest.skip("only root can mount a small disk, on Linux")
    yield lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)  # type: ignore[func-returns-value]
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("size", variants(["4m", "1m", "6m"]))
def test_a_run_on_a_full_disk_fails_and_is_right_when_there_is_space(
    size: str, small_disk: Callable[[str], None], server: Server, tmp_path: Path
) -> None:
    small_disk(size)
    assert server.run(tmp_path / "outputs")[0] != [0]
    small_disk("100m")
    check_the_next_run(server, tmp_path / "outputs")


@pytest.fixture(scope="module")
def wide(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """What eight processes left that ran the same graph at once, and how many seconds they took."""
    outputs = tmp_path_factory.mktemp("wide")
    ends, lasts = server.run(outputs, "+wide=true", processes=8)
    assert ends == [0] * 8, server.printed
    return outputs, lasts


def test_eight_processes_compute_each_task_of_a_graph_once(wide: tuple[Path, float]) -> None:
    outputs, _ = wide
    assert list(traced(outputs).values()) == [1] * 35
    assert answer(outputs, "Sum") == sum(range(20))
    assert litter(outputs) == []


@pytest.mark.parametrize("workers", variants([2, 1]))
def test_after_thirty_kills_of_tasks_nothing_is_lost(
    workers: int, server: Server, tmp_path: Path
) -> None:
    outputs, struck = tmp_path / "outputs", 0
    words = ["+wide=true", f"+labkart.workers={workers}"]
    for _ in range(10):  # a run may be over before all kills have come
        ends, count = server.run(outputs, *words, kills=30 - struck)
        assert ends == [0], server.printed
        assert answer(outputs, "Sum") == sum(range(20))
        struck += int(count)
        assert traced(outputs).total() <= 35 + struck
        forget_last(outputs)
        if struck >= 30:
            break
    assert struck >= 10
    # A task that is killed between its record and its lock leaves the lock to the next run.
    let_an_hour_pass(outputs)
    assert server.run(outputs, *words)[0] == [0], server.printed
    assert litter(outputs) == []


@pytest.mark.thorough
def test_seven_processes_finish_what_the_eighth_was_killed_at(
    wide: tuple[Path, float], server: Server, tmp_path: Path
) -> None:
    chance = random.Random(seed := random.randrange(10**6))
    print(f"random seed {seed}")
    whole, lasts = wide
    for count in range(2):
        outputs = tmp_path / f"outputs-{count}"
        copy_packages(whole, outputs)
        after = chance.uniform(0.2, 0.9) * lasts
        ends, _ = server.run(outputs, "+wide=true", processes=8, after=after, killed=signal.SIGKILL)
        assert ends in ([-9] + [0] * 7, [0] * 8), server.printed
        assert sorted(traced(outputs).values()) in ([1] * 35, [1] * 34 + [2])
        assert answer(outputs, "Sum") == sum(range(20))


@pytest.mark.thorough
def test_a_command_killed_at_any_moment_is_right_when_it_runs_again(
    server: Server, tmp_path: Path
) -> None:
    chance = random.Random(seed := random.randrange(10**6))
    print(f"random seed {seed}")
    run = "import sys; from labkart.cli.main import main; sys.exit(main(['run']))"
    for killed in (signal.SIGKILL, signal.SIGINT):
        outputs = tmp_path / f"outputs-{killed.name}"
        command = start(
            f"import os; os.environ['LABKART_OUTPUTS'] = {str(outputs)!r}; {run}", server.project
        )
        soon((outputs / "trace").exists)
        time.sleep(chance.uniform(0, 1))
        command.send_signal(killed)
        command.communicate(timeout=200)
        check_the_next_run(server, outputs)
