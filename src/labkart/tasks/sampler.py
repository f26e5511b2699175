"""What the processes of a task use of the machine, measured again and again from outside.

Knows the system's numbers of processes and NVIDIA's of graphics cards, and no task.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from statistics import fmean
from typing import Any

from labkart.records import machine_use
from labkart.records.machine_use import Point

_INTERVAL = 1.0  # seconds between two points, at first
_MOST_POINTS = 200  # then two become one, and the interval doubles
_SHARE = 0.005  # of a core, for measuring at most
_MB = 2**20
# How two points become one; of all else the larger value counts.
_MERGE: dict[str, Callable[[Sequence[float]], float]] = {"cpu_percent": fmean, "gpu_percent": fmean}


@dataclass(frozen=True)
class Start:
    """A process at the moment when it begins a task.

    Attributes:
        process: its id.
        time: in seconds since 1970.
        used: the CPU seconds, and the bytes read from and written to disk, until then.
    """

    process: int
    time: float
    used: tuple[float, float, float]

    @classmethod
    def now(cls) -> "Start":
        """This process, at this moment."""
        read, written = _own_disk_use()
        return cls(os.getpid(), time.time(), (sum(os.times()[:4]), read, written))


class Sampler:
    """Measures one task.

    Args:
        start: its process when it began.
        strangers: children of that process which are not the task's.
        cards: the graphics cards.
    """

    def __init__(self, start: Start, strangers: set[int], cards: "GraphicsCards") -> None:
        self.points: list[Point] = []
        self.due = 0.0  # when to measure next, in seconds since 1970
        self._start, self._strangers, self._cards = start, strangers, cards
        self._interval = _INTERVAL
        self._before = {start.process: start.used}  # by process, what is not the task's
        self._last = (start.time, 0.0)  # when was measured, and the CPU seconds until then

    @property
    def seconds(self) -> float:
        """How long the task has run."""
        return time.time() - self._start.time

    def sample(self) -> None:
        """Add a point, if the process still runs."""
        import psutil

        began = time.thread_time()
        with suppress(psutil.Error, OSError):
            processes = self._processes(psutil)
            self._add(self._point(psutil, processes))
        cost = time.thread_time() - began
        self.due = time.time() + max(self._interval, cost / _SHARE)

    def end(self) -> None:
        """Add the last point, unless there was one just now."""
        if time.time() - self._last[0] >= self._interval / 2:
            self.sample()

    def _processes(self, psutil: Any) -> list[Any]:
        leader = psutil.Process(self._start.process)
        children = leader.children(recursive=True)
        strangers = set(self._strangers)
        for child in children:  # a parent comes before its children
            if child.ppid() in strangers:
                strangers.add(child.pid)
        return [leader, *(child for child in children if child.pid not in strangers)]

    def _point(self, psutil: Any, processes: list[Any]) -> Point:
        used, memory = [0.0, 0.0, 0.0], 0.0
        for process in processes:
            with suppress(psutil.Error), process.oneshot():
                now = _used(process)
                memory += process.memory_info().rss
                if process.create_time() < self._start.time - 1:  # of an earlier task
                    self._before.setdefault(process.pid, now)
                used = [total + value for total, value in zip(used, now, strict=True)]
        # What has ended is in the numbers of its parent.
        befores = self._before.values()
        cpu, read, written = (
            max(0.0, total - sum(before[index] for before in befores))
            for index, total in enumerate(used)
        )
        now_time = time.time()
        seconds = max(now_time - self._last[0], 0.001)
        percent = 100 * max(0.0, cpu - self._last[1]) / seconds
        self._last = (now_time, cpu)
        return {
            "seconds": now_time - self._start.time,
            "cpu_percent": percent,
            "memory_mb": memory / _MB,
            "disk_read_mb": read / _MB,
            "disk_written_mb": written / _MB,
            **self._cards.use({process.pid for process in processes}),
        }

    def _add(self, point: Point) -> None:
        if len(self.points) >= _MOST_POINTS:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [_merged(first, second) for first, second in pairs]
            self._interval *= 2
        self.points.append(point)


def _merged(first: Point, second: Point) -> Point:
    both = {name: [point[name] for point in (first, second) if name in point] for name in second}
    return {name: _MERGE.get(name, max)(values) for name, values in both.items()}


def _used(process: Any) -> tuple[float, float, float]:
    """What a process, and those of its children that have ended, used so far."""
    read = written = 0.0
    with suppress(Exception):  # not every system tells it
        counters = process.io_counters()
        read, written = float(counters.read_bytes), float(counters.write_bytes)
    return sum(process.cpu_times()[:4]), read, written


def _own_disk_use() -> tuple[float, float]:
    """The bytes that this process has read from and written to disk; zeros if nobody knows."""
    with suppress(OSError, ValueError, KeyError):
        lines = Path("/proc/self/io").read_text().splitlines()
        values = dict(line.split(": ") for line in lines)
        return float(values["read_bytes"]), float(values["write_bytes"])
    return 0.0, 0.0


class GraphicsCards:
    """NVIDIA's cards, if its Python package and its driver are there."""

    @cached_property
    def _library(self) -> Any:
        try:
            nvml: Any = import_module("pynvml")
            nvml.nvmlInit()
        except Exception:  # of any version of it
            return None
        return nvml

    def use(self, processes: set[int]) -> dict[str, float]:
        """How busy the cards are that some processes use, and the memory that these have there."""
        nvml, busy, memory = self._library, list[float](), 0.0
        if not nvml:
            return {}
        with suppress(Exception):
            for index in range(nvml.nvmlDeviceGetCount()):
                card = nvml.nvmlDeviceGetHandleByIndex(index)
                running = nvml.nvmlDeviceGetComputeRunningProcesses(card)
                ours = [user.usedGpuMemory or 0 for user in running if user.pid in processes]
                if ours:
                    memory += sum(ours) / _MB
                    busy.append(float(nvml.nvmlDeviceGetUtilizationRates(card).gpu))
        return {"gpu_percent": sum(busy), "gpu_memory_mb": memory} if busy else {}


def write(folder: Path, sampler: Sampler) -> None:
    """Write what was measured beside the record of the task."""
    with suppress(OSError):
        machine_use.write(folder, sampler.points)
