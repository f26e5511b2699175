"""What a piece of work cost this machine: seconds and memory, and on which cards and libraries.

For what it used over time see `sampler`.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkart.tasks.context import context


@dataclass
class Resources:
    """What a block of code cost; memory in MiB."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0  # with all threads and ended children
    peak_memory_mb: float = 0.0  # resident
    gpu_memory_mb: float | None = None  # of PyTorch; None if it used no graphics card
    gpu_libraries: dict[str, str] = field(default_factory=dict)
    # Means, peaks and totals over time, with child processes; empty for a short one.
    machine_use: dict[str, float] = field(default_factory=dict)
    # Of what is scarce, such as graphics cards.
    allocation: dict[str, Any] = field(default_factory=lambda: context.allocation)

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
            self.gpu_libraries = _gpu_libraries()
            if card := gpu():
                self.gpu_memory_mb = card.max_memory_allocated() / 2**20


def _reset_peak_memory() -> None:
    # Linux starts the peak again (proc(5), clear_refs); elsewhere it is that of the whole process.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    if card := gpu():
        card.reset_peak_memory_stats()


def gpu() -> Any:
    """The part of PyTorch that knows the graphics card, if one is in use."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda if cuda and cuda.is_initialized() else None


def _gpu_libraries() -> dict[str, str]:
    """The versions of CUDA and cuDNN of PyTorch or TensorFlow, if one is imported and has them."""
    cuda = cudnn = None
    with suppress(Exception):  # of any version of it
        if tensorflow := sys.modules.get("tensorflow"):
            build = tensorflow.sysconfig.get_build_info()
            cuda, cudnn = build.get("cuda_version"), build.get("cudnn_version")
    with suppress(Exception):
        if (torch := sys.modules.get("torch")) and torch.version.cuda:
            cuda, cudnn = torch.version.cuda, _cudnn_version(torch.backends.cudnn.version())
    versions = {"cuda": cuda, "cudnn": cudnn}
    return {name: str(version) for name, version in versions.items() if version}


def _cudnn_version(number: int | None) -> str | None:
    """`9.1.0` for 90100, and `8.9.2` for 8902, as cuDNN counted before."""
    if not number:
        return None
    major = 10_000 if number >= 90_000 else 1000
    return f"{number // major}.{number % major // 100}.{number % 100}"


def _peak_memory_mb() -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    units_per_mb = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_per_mb
