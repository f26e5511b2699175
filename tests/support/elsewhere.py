"""Makes this process one of a system that is not Linux, as far as Labkart can see."""

import builtins
import fcntl
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

ONLY_LINUX: dict[Any, tuple[str, ...]] = {
    os: ("memfd_create", "sched_getaffinity"),
    fcntl: ("F_SETPIPE_SZ",),
    time: ("CLOCK_BOOTTIME",),
}


def pretend() -> None:
    """Take away what only Linux has; what other libraries read there stays."""
    for module, names in ONLY_LINUX.items():
        for name in names:
            delattr(module, name)
    original, glob = io.open, Path.glob

    def is_hidden(path: object, depth: int) -> bool:
        frame = sys._getframe(depth)
        while frame.f_globals["__name__"] == "pathlib" and frame.f_back:
            frame = frame.f_back
        is_ours = frame.f_globals["__name__"].startswith("labkart")
        return str(path).startswith("/proc/") and is_ours

    def open_elsewhere(file: Any, *arguments: Any, **options: Any) -> Any:
        if is_hidden(file, 2):
            raise FileNotFoundError(file)
        return original(file, *arguments, **options)

    def glob_elsewhere(path: Path, pattern: str) -> Any:
        return iter(()) if is_hidden(path, 2) else glob(path, pattern)

    builtins.open = io.open = open_elsewhere
    Path.glob = glob_elsewhere
    from labkart.tasks import monitor

    monitor._MESSAGES = monitor.socket.SOCK_DGRAM
    sys.platform = "other"
