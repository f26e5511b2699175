"""How things are measured: processes, pairs of plain gokart and Labkart, rows of the table."""

import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parent
LABKART = "import sys; from labkart.cli.main import main; sys.exit(main())"

# CPU seconds of one call in a new process.
_CALL = """
import time
{imports}
start = time.process_time()
{call}
print(time.process_time() - start)
"""
# MLflow's part of a project's outputs.
_STORE = {"artifacts", "mlflow.db", "mlflow.lock"}
# Variables that would lead a measured process elsewhere, or keep Python from writing bytecode.
_DROPPED = {"CI", "LABKART_OUTPUTS", "MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}


@dataclass(frozen=True)
class Row:
    """A line of the table; the goal is the design's."""

    case: str
    plain: str = ""
    labkart: str = ""
    ratio: str = ""
    goal: str = ""


@dataclass(frozen=True)
class Bench:
    """Where the measuring happens.

    Attributes:
        folder: temporary; everything is inside.
        rounds: how often each pair of plain gokart and Labkart is measured.
        chain: how many tasks the chain has.
        published: how many experiments MLflow gets.
    """

    folder: Path
    rounds: int
    chain: int
    published: int

    @property
    def sample(self) -> Path:
        """A new project as the template makes it."""
        if not (self.folder / "my-thesis").exists():
            output = ["--output-dir", str(self.folder)]
            template = ["-m", "cookiecutter", str(FOLDER.parent), "--no-input"]
            checked(python(self.folder, [], *template, *output))
        return self.folder / "my-thesis"

    def pair(self, name: str) -> "Pair":
        """The graphs of trivial tasks, in new folders."""
        plain, project = self.folder / name / "plain", self.folder / name / "project"
        shutil.copytree(FOLDER / "plain", plain)
        shutil.copytree(FOLDER / "project", project)
        return Pair(plain, project)

    def sample_pair(self) -> "Pair":
        """The sample's pipeline; Labkart runs it in the sample itself."""
        plain = self.folder / "sample" / "plain"
        shutil.copytree(FOLDER / "plain", plain)
        return Pair(plain, self.sample)


@dataclass(frozen=True)
class Pair:
    """The same tasks on plain gokart and on Labkart, each with a folder of its own.

    On plain gokart, the tasks import `plain/labkart.py` instead of the library.
    """

    plain: Path
    project: Path

    def on_plain(self, *arguments: str) -> float:
        """The CPU seconds of a script on plain gokart."""
        return cpu_seconds(lambda: self.run_plain(*arguments))

    def on_labkart(self, *arguments: str) -> float:
        """The CPU seconds of a `labkart` command."""
        return cpu_seconds(lambda: self.run_labkart(*arguments))

    def run_plain(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script on plain gokart."""
        return python(self.plain, [self.project / "src"], *arguments)

    def run_labkart(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `labkart` command in the project."""
        return python(self.project, [self.project / "src"], "-c", LABKART, *arguments)

    def call(self, imports: str, expression: str) -> float:
        """The CPU seconds of one call in a new process, without Python's start and the imports."""
        code = _CALL.format(imports=imports, call=expression)
        return float(checked(python(self.project, [self.project / "src"], "-c", code)))

    def forget(self) -> None:
        """Make the next run a first one; MLflow's store stays."""
        outputs = (self.project / "outputs").glob("*")
        computed = [path for path in outputs if path.name not in _STORE]
        for folder in (self.plain / "resources", self.project / "reports/search", *computed):
            shutil.rmtree(folder, ignore_errors=True)


def python(
    folder: Path, path: list[Path], *arguments: str, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with these folders of modules, and give it some input."""
    with started(folder, path, *arguments) as process:
        out, err = process.communicate(given)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def started(folder: Path, path: list[Path], *arguments: str) -> "subprocess.Popen[str]":
    """Start Python in a folder, with these folders of modules."""
    variables = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    variables["PYTHONPATH"] = os.pathsep.join(map(str, path))
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=folder, env=variables, text=True, **streams)


def checked(process: subprocess.CompletedProcess[str]) -> str:
    """The output of a process; ends the benchmark if it failed."""
    if process.returncode:
        command = " ".join(process.args)
        raise SystemExit(f"{command} failed:\n{process.stdout}{process.stderr}")
    return process.stdout


def cpu_seconds(run: Callable[[], subprocess.CompletedProcess[str]]) -> float:
    """The user and system seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    checked(run())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_memory(pair: Pair, *arguments: str) -> float:
    """The most memory of a `labkart` command, in 10^6 bytes."""
    code = (
        "import resource, sys; from labkart.cli.main import main; main(); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    done = python(pair.project, [pair.project / "src"], "-c", code, *arguments)
    checked(done)
    return int(done.stderr.split()[-1]) * 1024 / 1e6


def wall_seconds(run: Callable[[], object]) -> float:
    """The seconds that a person waits."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compared(case: str, rounds: list[tuple[float, float]], goal: str = "") -> Row:
    """Medians of rounds of plain gokart and Labkart, and of their ratios."""
    plain = median(pair[0] for pair in rounds)
    labkart = median(pair[1] for pair in rounds)
    ratio = median(pair[1] / pair[0] for pair in rounds)
    return Row(case, shown(plain), shown(labkart), f"{ratio:.2f}", goal)


def shown(seconds: float) -> str:
    """Seconds, or milliseconds where they are few."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def outcome(process: subprocess.CompletedProcess[str]) -> str:
    """Whether a process worked, or how it failed."""
    if not process.returncode:
        return "works"
    is_recursion = re.search("^RecursionError", process.stderr, re.MULTILINE)
    return "fails (RecursionError)" if is_recursion else "fails"


def multiply(records: Path, count: int = 10_000) -> None:
    """Copy a record many times, each copy with an id of its own."""
    original = min(records.iterdir())
    text = (original / "record.json").read_text()
    text = re.sub(r',\n "digest": "\w+"', "", text)  # it would not fit the copies
    id = original.name.rpartition("_")[2]
    for number in range(count):
        copy = f"{number:0{len(id)}x}"
        folder = original.with_name(original.name.replace(id, copy))
        folder.mkdir()
        (folder / "record.json").write_text(text.replace(id, copy))
