"""What a stretch of work cost this machine: seconds and memory."""

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
    """Elapsed seconds; seconds of processor time, with all threads and ended children; peak resident memory in MiB.

    `gpu_memory_mb` is the peak of what PyTorch held on a graphics card, in MiB; nothing where it used none.
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    gpu_memory_mb: float | None = None

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Fill this in when the block ends, also when it fails."""
        with suppress(
            OSError
        ):  # Linux starts the peak again (proc(5), clear_refs); elsewhere it is the process's
            Path("/proc/self/clear_refs").write_text("5")
        if gpu := _gpu():
            gpu.reset_peak_memory_stats()
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        try:
            yield
        finally:
            self.wall_seconds = time.perf_counter() - wall
            self.cpu_seconds = sum(os.times()[:4]) - cpu
            self.peak_memory_mb = _peak_memory_mb()
            if gpu := _gpu():
                self.gpu_memory_mb = gpu.max_memory_allocated() / 2**20


def _gpu() -> Any:
    """PyTorch's account of its graphics card, where one is in use."""
    gpu = getattr(sys.modules.get("torch"), "cuda", None)
    return gpu if gpu and gpu.is_initialized() else None


def _peak_memory_mb() -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 1024
    )
