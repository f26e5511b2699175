"""What a piece of work cost this machine: seconds and memory."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Resources:
    """What a block of code cost; memory in MiB."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0  # with all threads and ended children
    peak_memory_mb: float = 0.0  # resident
    gpu_memory_mb: float | None = None  # of PyTorch; None if it used no graphics card

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Fill this in when the block ends, also when it fails."""
        _reset_peak_memory()
        wall_seconds = time.perf_counter()
        cpu_seconds = sum(os.times()[:4])
        try:
            yield
        finally:
            self.wall_seconds = time.perf_counter() - wall_seconds
            self.cpu_seconds = sum(os.times()[:4]) - cpu_seconds
            self.peak_memory_mb = _peak_memory_mb()
            if gpu := _gpu():
                self.gpu_memory_mb = gpu.max_memory_allocated() / 2**20


def _reset_peak_memory() -> None:
    # Linux starts the peak again (proc(5), clear_refs); elsewhere it is that of the whole process.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    if gpu := _gpu():
        gpu.reset_peak_memory_stats()


def _gpu() -> Any:
    """The part of PyTorch that knows the graphics card, if one is in use."""
    gpu = getattr(sys.modules.get("torch"), "cuda", None)
    return gpu if gpu and gpu.is_initialized() else None


def _peak_memory_mb() -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    units_per_mb = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_per_mb
