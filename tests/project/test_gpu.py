"""Tasks that ask for graphics cards, on machines whose `nvidia-smi` is made up: who gets which, and what else is said.

Each task writes down what it sees, and fails if another one is on its card.
"""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from hydra.core.hydra_config import HydraConfig

from labkart.errors import LabkartError
from labkart.experiments.composer import compose_overrides
from labkart.experiments.experiment import run_experiments
from labkart.experiments.plan import plan
from labkart.records.record import ExperimentRecord, TaskRecord, read_task
from labkart.tasks.context import context
from tests.experiments.test_experiment import Listener
from tests.support.tiny import soon, write

CODE = """\
import json
import multiprocessing
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from gokart import ListTaskInstanceParameter
from labkart import Task, make
from luigi import DictParameter, FloatParameter, IntParameter, StrParameter

def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)

@contextmanager
def alone(cards, share=1):
    for card in cards:
        # As many folders as tasks may be there at once.
        place = next(place for place in range(share + 1) if make_folder(f"card {card} {place}"))
        assert place < share, f"another task is on card {card}"
    yield
    leave()

def leave():
    for folder in Path.cwd().glob("card *"):
        if (folder / str(os.getpid())).exists():
            (folder / str(os.getpid())).unlink()
            folder.rmdir()

def make_folder(name):
    try:
        Path(name).mkdir()
        Path(name, str(os.getpid())).touch()
        return True
    except FileExistsError:
        return False

def note(name, seen):
    Path(f"new {os.getpid()}").write_text(json.dumps(seen))
    Path(f"new {os.getpid()}").rename(f"seen {name}")

class Train(Task):
    number = IntParameter()
    needs = DictParameter()
    way = StrParameter()
    share = IntParameter()

    @property
    def resources(self):
        return dict(self.needs)

    def run(self):
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        note(self.number, seen)
        with alone(filter(None, (seen or "").split(",")), self.share):
            match self.way:
                case "together":  # the first four
                    until(lambda: len(list(Path.cwd().glob("seen *"))) >= 4)
                case "wait":
                    until(Path("go").exists)
                case "wait-without" if not seen:
                    until(Path("go").exists)
                case "hold":
                    until(Path("free").exists)
                case "killed":
                    leave()
                    os.kill(os.getpid(), signal.SIGKILL)
                case "workers":
                    with multiprocessing.get_context("fork").Pool(2) as pool:
                        seen = pool.map(os.getenv, ["CUDA_VISIBLE_DEVICES"] * 2)
                    Path("workers").write_text(json.dumps(seen))
            time.sleep(0.05)
        self.dump(seen)

class Yields(Task):
    needs = DictParameter()
    def run(self):
        yield Train(number=0, needs=self.needs, way="", share=1)
        self.dump("yielded")

class Whole(Task):
    parts = ListTaskInstanceParameter()
    def run(self):
        note("whole", os.environ.get("CUDA_VISIBLE_DEVICES"))
        self.dump("whole")

def pipeline(cfg):
    if cfg.way == "yield":
        return make(Whole, parts=[make(Yields, needs=dict(cfg.needs[0]))])
    parts = [
        make(Train, number=number, needs=dict(needs), way=cfg.way, share=cfg.share)
        for number, needs in enumerate(cfg.needs)
    ]
    return make(Whole, parts=parts)
"""
TABLE = '[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "{module}:pipeline"\n'
CONFIG = "needs: [{gpu: 1}]\nway: ''\nshare: 1\ntask: null\nlabkart: {resources: {gpu: auto, tasks_per_gpu: 1}}\n"
ONE = "{gpu:1}"


@pytest.fixture(autouse=True)
def _project(
    root: Path, student: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    write(root, **{"pyproject.toml": TABLE.format(module=student(CODE).__name__)})
    write(root, **{"conf/config.yaml": CONFIG})
    (root / "claims").mkdir()
    monkeypatch.setenv("TMPDIR", str(root / "claims"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    HydraConfig.instance().cfg = None
    yield
    context.allocation, context.check_needs = {}, len


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with four cards; their UUIDs."""
    return made_up(tmp_path / "bin", monkeypatch, 4)


def made_up(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> list[str]:
    ids = [f"GPU-{uuid4()}" for _ in range(count)]
    lines = [f"GPU {number}: NVIDIA A100 (UUID: {id})" for number, id in enumerate(ids)]
    program(folder, "\n".join(lines))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return ids


def program(folder: Path, text: str) -> None:
    write(folder, **{"nvidia-smi": f"#!/bin/sh\n[ \"$1\" = -L ] && cat <<'END'\n{text}\nEND\n"})
    (folder / "nvidia-smi").chmod(0o755)


def run(*overrides: str, workers: int = 4) -> tuple[ExperimentRecord, list[str]]:
    planned = plan(compose_overrides(*overrides))
    run_experiments([planned], workers, listener := Listener())
    return planned.record, listener.events


def needs(*amounts: str) -> str:
    return f"needs=[{','.join(amounts)}]"


def seen() -> dict[str, str | None]:
    """What each task has seen, by its number."""
    return {
        path.name.removeprefix("seen "): json.loads(path.read_text())
        for path in Path.cwd().glob("seen *")
    }


def cards_seen() -> Counter[str | None]:
    return Counter(card for number, card in seen().items() if number != "whole")


def task_record(record: ExperimentRecord, number: int = 0) -> TaskRecord:
    run = [run for run in record.tasks if run.name == "Train"][number]
    found = read_task("Train", run.id)
    assert found
    return found


def test_four_cards_take_eight_tasks_each_on_one_card_of_its_own(machine: list[str]) -> None:
    record, events = run(needs(*[ONE] * 8), "way=together")
    assert record.status == "finished", record.error
    assert cards_seen().keys() == {"0", "1", "2", "3"} and cards_seen().total() == 8
    assert seen()["whole"] == ""  # which asks for none
    assert not [event for event in events if "wait" in event]
    (card,) = task_record(record).allocation["gpu"]
    assert card == {"name": card["name"], "id": machine[int(card["name"])], "model": "NVIDIA A100"}
    allocation = next(run for run in record.tasks if run.name == "Train").result["allocation"]
    assert allocation == {"gpu": [card]}


def test_cards_that_are_shared_take_as_many_tasks_each_as_they_may(machine: list[str]) -> None:
    settings = ["labkart.resources.gpu=2", "labkart.resources.tasks_per_gpu=2"]
    record, _ = run(needs(*[ONE] * 6), "way=together", "share=2", *settings)
    assert record.status == "finished", record.error
    assert set(cards_seen()) == {"0", "1"}


def test_only_the_cards_that_the_command_sees_count(
    machine: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"3,{machine[2]}")
    shared = "share=2", "labkart.resources.tasks_per_gpu=2"
    record, _ = run(needs(*[ONE] * 4), "way=together", *shared)
    assert record.status == "finished", record.error
    assert cards_seen() == {"3": 2, machine[2]: 2}
    assert os.environ["CUDA_VISIBLE_DEVICES"] == f"3,{machine[2]}"


def test_tasks_of_one_and_of_two_cards_wait_for_each_other_and_all_run(machine: list[str]) -> None:
    amounts = ["{gpu:2}", ONE, ONE, "{gpu:2}", ONE, "{gpu:2}"]
    record, _ = run(needs(*amounts), "labkart.resources.gpu=2")
    assert record.status == "finished", record.error
    assert Counter(seen().values()) == {
        "0,1": 3,
        "0": 3 - cards_seen()["1"],
        "1": cards_seen()["1"],
        "": 1,
    }


def test_a_task_without_workers_sees_its_card_and_the_command_its_own_again(
    machine: list[str],
) -> None:
    record, _ = run(needs(ONE, ONE), workers=0)
    assert record.status == "finished", record.error
    assert set(cards_seen()) <= {"0", "1", "2", "3"} and seen()["whole"] == ""
    assert task_record(record).allocation["gpu"]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_a_single_worker_has_one_card_after_the_other(machine: list[str]) -> None:
    record, _ = run(needs(ONE, "{}", ONE), "labkart.resources.gpu=1", workers=1)
    assert record.status == "finished", record.error
    assert sorted(map(str, seen().values())) == ["", "", "0", "0"]


def test_processes_of_a_task_see_its_card(machine: list[str]) -> None:
    run(needs(ONE), "way=workers")
    assert json.loads(Path("workers").read_text()) == ["0", "0"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_is_killed_gives_its_card_back(workers: int, machine: list[str]) -> None:
    record, _ = run(needs(ONE, ONE), "way=killed", "labkart.resources.gpu=1", workers=workers)
    assert record.status == "failed" and cards_seen() == {"0": 2}
    for number in (0, 1):
        killed = task_record(record, number)
        assert killed.error == "killed by SIGKILL (out of memory?)"
        assert [card["name"] for card in killed.allocation["gpu"]] == ["0"]


def test_a_task_that_a_run_yields_gets_a_card(machine: list[str]) -> None:
    record, _ = run("way=yield", "needs=[{gpu:3}]")
    assert record.status == "finished", record.error
    assert seen()["0"] == "0,1,2"


def test_a_task_that_a_run_yields_may_ask_for_too_much(machine: list[str]) -> None:
    record, _ = run("way=yield", "needs=[{gpu:5}]")
    assert record.status == "failed"
    assert str(record.error).endswith(
        "Train asks for gpu: 5, but this machine has 4 (nvidia-smi lists 4)."
    )


def test_without_a_card_tasks_run_on_the_cpu_and_a_sentence_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up(tmp_path / "bin", monkeypatch, 0)
    record, events = run(needs(ONE, ONE))
    assert record.status == "finished", record.error
    reason = "nvidia-smi finds no graphics card"
    assert events[0] == f"Train asks for a graphics card and runs on the CPU: {reason}."
    assert set(seen().values()) == {""}
    assert task_record(record).allocation == {"gpu": []}


def test_tasks_that_ask_for_nothing_see_what_the_command_sees(
    machine: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2")
    write(Path(os.environ["PATH"].partition(":")[0]), **{"nvidia-smi": "exit 1"})
    record, _ = run(needs("{}"))
    assert record.status == "finished" and set(seen().values()) == {"1,2"}
    assert task_record(record).allocation == {}


def test_what_can_never_run_is_refused_before_anything_runs(machine: list[str]) -> None:
    with pytest.raises(LabkartError, match="Train asks for gpu: 5, but this machine has 4"):
        run(needs("{}", "{gpu:5}"))
    assert not seen()


def test_resources_are_in_no_id(machine: list[str]) -> None:
    """Those of the class: here they come from a parameter, so only the settings may differ."""
    first, _ = run(needs(ONE))
    again, events = run(needs(ONE), "labkart.resources.gpu=0")
    assert first.id == again.id and events == ["2 planned"]


class Commands:
    """Commands beside the one of the test, each in a process of its own."""

    def __init__(self) -> None:
        self.processes: list[Any] = []

    def start(self, *overrides: str, workers: int = 4) -> Any:
        import multiprocessing

        process = multiprocessing.get_context("fork").Process(
            target=self._run, args=(overrides, workers)
        )
        process.start()
        self.processes.append(process)
        return process

    @staticmethod
    def _run(overrides: Sequence[str], workers: int) -> None:
        planned = plan(compose_overrides(*overrides))
        run_experiments([planned], workers, listener := Listener())
        write(Path.cwd(), **{f"events {os.getpid()}": "\n".join(listener.events)})


@pytest.fixture
def commands() -> Iterator[Commands]:
    started = Commands()
    yield started
    Path("go").touch()
    for process in started.processes:
        process.join(300)
        assert process.exitcode is not None


def test_two_commands_never_give_one_card_to_two_tasks(
    machine: list[str], commands: Commands
) -> None:
    waiting = commands.start(needs(*[ONE] * 4), "way=wait", "labkart.resources.gpu=[0,1]")
    soon(lambda: len(seen()) == 2)
    events: list[str] = []
    # Another project need not have the same view of what there is.
    planned = plan(compose_overrides(needs("{gpu:2}", ONE), "labkart.resources.gpu=[1,2]"))

    class Told(Listener):
        def warn(self, text: str) -> None:
            events.append(text)
            Path("go").touch()

    run_experiments([planned], 4, Told())
    assert planned.record.status == "finished", planned.record.error
    assert events == [f"Train waits for gpu: 2, in use by another command ({waiting.pid})."]
    waiting.join(300)
    assert waiting.exitcode == 0


@pytest.mark.thorough
def test_a_command_that_is_killed_gives_its_cards_back(
    machine: list[str], commands: Commands
) -> None:
    killed = commands.start(needs(*[ONE] * 4), "way=wait")
    soon(lambda: len(seen()) == 4)
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    for folder in Path.cwd().glob("card *"):
        subprocess.run(["rm", "-r", folder])
    record, _ = run(needs("{gpu:4}"))
    assert record.status == "finished", record.error


def test_amounts_are_counted_among_all_commands(commands: Commands) -> None:
    name = f"licence_{uuid4().hex}"
    settings = f"+labkart.resources.{name}"
    commands.start(needs(f"{{{name}:2}}"), "way=wait", f"{settings}=3", "share=2")
    soon(lambda: len(seen()) == 1)
    commands.start(needs(f"{{{name}:1}}"), "way=wait", f"{settings}=3", "share=3")
    waiting = commands.start(needs("{}", f"{{{name}:1.5}}"), f"{settings}=3", "share=4")
    soon(lambda: Path("seen 0").exists() and len(seen()) == 1)
    Path("go").touch()
    waiting.join(300)
    assert waiting.exitcode == 0


@pytest.mark.thorough
def test_a_task_that_another_command_computes_takes_no_card_meanwhile(
    machine: list[str], commands: Commands
) -> None:
    same = needs(ONE), "way=wait", "labkart.resources.gpu=2"
    commands.start(*same)
    soon(lambda: len(seen()) == 1)
    other = commands.start(*same)
    record, _ = run(needs("{}", ONE), "labkart.resources.gpu=2")
    assert record.status == "finished", record.error
    assert other.is_alive()


@pytest.mark.thorough
def test_a_card_is_free_while_tasks_run_that_began_when_it_was_waited_for(
    machine: list[str], commands: Commands
) -> None:
    commands.start(needs(ONE), "way=hold", "labkart.resources.gpu=1")
    soon(lambda: len(seen()) == 1)
    parts = needs("{}", ONE, "{gpu:1,licence:1}")
    settings = "labkart.resources.gpu=1", "+labkart.resources.licence=1"
    commands.start(parts, "way=wait-without", *settings)
    soon(lambda: len(seen()) == 1 and seen() == {"0": ""})
    Path("free").touch()
    soon(lambda: {"1", "2"} <= seen().keys())
