"""What it costs to keep the log of a task, and to measure what it uses of the machine."""

import shutil
from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench, Row, checked, python, shown

# Runs a task for some seconds with four processes, and prints the share of a core that the process
# beside it takes.
_WATCHED = """
import os, subprocess, sys, time
from pathlib import Path
from labkart.tasks import capture
capture.start([])
[watcher] = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
with capture.captured(Path("task")):
    children = [subprocess.Popen(["sleep", "30"]) for _ in range(4)]
    time.sleep(20)
    used = Path(f"/proc/{watcher}/stat").read_text().split()[13:15]
    for child in children:
        child.kill()
print(sum(map(int, used)) / os.sysconf("SC_CLK_TCK") / 20)
"""
# Runs many tasks that print nothing, or a line each, without what else a task costs.
_PRINTED = """
import time
from pathlib import Path
from labkart.tasks import capture
capture.start([])
start = time.process_time()
for number in range(1000):
    with capture.captured(Path("task")):
        {block}
used = time.process_time() - start
Path("seconds").write_text(str(used / 1000))
"""


def watched(bench: Bench) -> Iterator[Row]:
    """A long task is measured, whatever it does."""
    share = float(checked(python(bench.folder, [], "-c", _WATCHED)))
    yield Row("a task of 20 s with 4 processes: of a core", "", f"{share:.2%}", goal="1%")


def printed(bench: Bench) -> Iterator[Row]:
    """The log of a task that does nothing else."""
    for case, block in {"nothing": "pass", "a line": "print(number)"}.items():
        seconds = [_printed(bench, block) for _ in range(bench.rounds)]
        yield Row(f"the log of a task that prints {case}", labkart=shown(median(seconds)))


def _printed(bench: Bench, block: str) -> float:
    folder = bench.folder / "printed"
    folder.mkdir(exist_ok=True)
    checked(python(folder, [], "-c", _PRINTED.format(block=block)))
    seconds = float((folder / "seconds").read_text())
    shutil.rmtree(folder)
    return seconds
