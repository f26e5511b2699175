"""A tiny project to stand in, and processes that run code there."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

FILES = {
    "pyproject.toml": '[project]\nname = "tiny"\n\n[tool.labkart]\npipeline = "study.pipeline:pipeline"\n',
    "conf/config.yaml": "defaults:\n  - _self_\n  - model: forest\n  - experiment: null\nseed: 0\nsplit:\n  test_size: 0.25\n",
    "conf/model/forest.yaml": "params:\n  trees: 300\n",
    "conf/model/linear.yaml": "params:\n  c: 1.0\n",
    "conf/experiment/large.yaml": "# @package _global_\nsplit:\n  test_size: 0.5\n",
}


def write(root: Path, **files: str) -> None:
    """Write files below `root`; a path is given as the name of an argument, `**{"conf/a.yaml": "..."}`."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def start(code: str, cwd: Path, *path: Path) -> subprocess.Popen[str]:
    """Begin to run Python code in a process of its own that finds the modules in `cwd/src`, in `path`, and the runtime."""
    modules = os.pathsep.join(map(str, [cwd / "src", *path]))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": modules},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def python(code: str, cwd: Path, *path: Path, seconds: float = 300) -> str:
    """What that code prints."""
    process = start(code, cwd, *path)
    printed, errors = process.communicate(timeout=seconds)
    assert process.returncode == 0, errors
    return printed.strip()


def soon(condition: Callable[[], object]) -> None:
    """Wait until something holds, which it must within a few minutes, however busy the machine is."""
    end = time.monotonic() + 180
    while True:
        began = time.monotonic()
        if condition():
            return
        assert began < end
        # What takes a while to look up, such as a store, is looked up less often.
        time.sleep(0.005 + 2 * (time.monotonic() - began))


def free_port() -> int:
    """A port that nobody has, and that the kernel gives to nobody who asks for any."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as door, suppress(OSError):
            door.bind(("127.0.0.1", port))
            return port
    raise AssertionError("all ports are in use")
