"""What a task's processes use: theirs and no other's, in at most 200 points, with cards or without."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from labkart.tasks.sampler import GraphicsCards, Sampler, Start
from tests.support.tiny import soon

pytestmark = pytest.mark.integration

BUSY = "import os, time\ntext = b'x' * 2**26\nprint(flush=True)\nwhile time.sleep(0) is None: pass"


def processor_seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


def test_children_count_but_not_those_that_are_not_the_tasks() -> None:
    start = Start.now()
    with (
        subprocess.Popen([sys.executable, "-c", BUSY], stdout=-1) as child,
        subprocess.Popen([sys.executable, "-c", BUSY], stdout=-1) as stranger,
    ):
        for process in (child, stranger):
            assert process.stdout and process.stdout.readline()
        alone = Sampler(start, {child.pid, stranger.pid}, GraphicsCards())
        both = Sampler(start, {stranger.pid}, GraphicsCards())
        used = processor_seconds(child.pid)
        soon(lambda: processor_seconds(child.pid) > used + 0.1)
        alone.sample()
        both.sample()
        child.kill()
        stranger.kill()
    assert both.points[0]["memory_mb"] - alone.points[0]["memory_mb"] > 60
    assert both.points[0]["cpu_percent"] > alone.points[0]["cpu_percent"] >= 0
    both.sample()  # what has ended still counts
    assert both.points[1]["disk_read_mb"] >= both.points[0]["disk_read_mb"] >= 0


def test_of_200_points_two_become_one_and_the_interval_doubles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = time.time()
    sampler = Sampler(Start.now(), set(), GraphicsCards())
    numbers = iter(range(201))
    monkeypatch.setattr(Sampler, "_processes", lambda *_: [])
    monkeypatch.setattr(
        Sampler,
        "_point",
        lambda *_: {"seconds": float(n := next(numbers)), "cpu_percent": float(n), "memory_mb": -n},
    )
    for _ in range(201):
        sampler.sample()
    assert len(sampler.points) == 101
    assert sampler.points[1] == {"seconds": 3.0, "cpu_percent": 2.5, "memory_mb": -2}
    assert sampler.due > begun + 1.5


def test_a_process_that_is_gone_adds_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    sampler = Sampler(Start(child.pid, time.time(), (0, 0, 0)), set(), GraphicsCards())
    sampler.sample()
    assert sampler.points == []


def made_up_nvml() -> SimpleNamespace:
    """Two cards, of which this process uses the second."""
    users = [[(1, 5 * 2**20)], [(os.getpid(), 300 * 2**20), (1, 2**30)]]
    return SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetComputeRunningProcesses=lambda card: [
            SimpleNamespace(pid=pid, usedGpuMemory=memory) for pid, memory in users[card]
        ],
        nvmlDeviceGetUtilizationRates=lambda card: SimpleNamespace(gpu=10 + 60 * card),
    )


def test_of_the_cards_those_count_that_the_task_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", made_up_nvml())
    sampler = Sampler(Start.now(), set(), GraphicsCards())
    sampler.sample()
    assert (sampler.points[0]["gpu_percent"], sampler.points[0]["gpu_memory_mb"]) == (70, 300)


@pytest.mark.parametrize("broken", ["nvmlInit", "nvmlDeviceGetCount"])
def test_without_a_driver_there_are_no_cards(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    nvml = made_up_nvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(nvml, broken, lambda: 1 / 0)
    assert GraphicsCards().use({os.getpid()}) == {}
