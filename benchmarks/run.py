"""What Labkart costs beside plain gokart: measures, prints a table, judges nothing. `make bench` runs it."""

import argparse
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).parent
LABKART = "import sys; from labkart.cli import main; sys.exit(main())"

# CPU seconds of one call in a new process.
CALL = "import time\n{imports}\nbegan = time.process_time()\n{call}\nprint(time.process_time() - began)"

# Of a project's outputs, what is MLflow's.
STORE = {"artifacts", "mlflow.db", "mlflow.lock"}

# What would lead a measured process elsewhere, or keep Python from writing bytecode.
_STRANGE = {"CI", "LABKART_OUTPUTS", "MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}


class Row(NamedTuple):
    """A line of the table; the limit is the design's."""

    what: str
    plain: str
    labkart: str
    ratio: str
    limit: str


@dataclass
class Bench:
    """Where the measuring happens.

    Attributes:
        folder: temporary, all is in here.
        rounds: how often each pair of plain gokart and Labkart is measured.
    """

    folder: Path
    rounds: int

    @property
    def sample(self) -> Path:
        """A new project as the template makes it; all measured runs take the runtime from here."""
        if not (self.folder / "my-thesis").exists():
            command = (
                "-m",
                "cookiecutter",
                str(HERE.parent),
                "--no-input",
                "--output-dir",
                str(self.folder),
            )
            succeeded(python(self.folder, [], *command))
        return self.folder / "my-thesis"

    def pair(self, name: str) -> "Pair":
        """The graphs of trivial tasks, in new folders."""
        plain, project = self.folder / name / "plain", self.folder / name / "project"
        shutil.copytree(HERE / "plain", plain)
        shutil.copytree(HERE / "project", project)
        return Pair(plain, project, [project / "src", self.sample / "src"])


@dataclass
class Pair:
    """The same tasks on plain gokart and on Labkart, each with a folder of its own.

    Attributes:
        path: the folders of modules. On plain gokart `plain/labkart.py` goes before the runtime.
    """

    plain: Path
    project: Path
    path: list[Path]

    def on_plain(self, *words: str) -> float:
        """The CPU seconds of a script on plain gokart."""
        return cpu(lambda: python(self.plain, self.path, *words))

    def on_labkart(self, *words: str) -> float:
        """The CPU seconds of a `labkart run`."""
        return cpu(lambda: python(self.project, self.path, "-c", LABKART, "run", *words))

    def forget(self) -> None:
        """Make the next run a first one; MLflow's store stays."""
        outputs = (self.project / "outputs").glob("*")
        for each in (
            self.plain / "resources",
            *(each for each in outputs if each.name not in STORE),
        ):
            shutil.rmtree(each, ignore_errors=True)


def python(folder: Path, path: list[Path], *words: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name not in _STRANGE}
    variables["PYTHONPATH"] = os.pathsep.join(map(str, path))
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=variables, capture_output=True, text=True
    )


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """What a process printed."""
    if done.returncode:
        raise SystemExit(f"{' '.join(done.args)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def cpu(process: Callable[[], subprocess.CompletedProcess[str]]) -> float:
    """The user and system seconds of a process that succeeds, with those of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    succeeded(process())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def waited(process: Callable[[], float]) -> float:
    """The seconds that a person waits for it."""
    began = time.perf_counter()
    process()
    return time.perf_counter() - began


def call(folder: Path, path: list[Path], imports: str, call: str) -> float:
    """The CPU seconds of one call in a new process, without Python's start and the imports."""
    return float(succeeded(python(folder, path, "-c", CALL.format(imports=imports, call=call))))


def compared(what: str, rounds: list[tuple[float, float]], limit: str) -> Row:
    """Medians of rounds, each of them plain gokart and Labkart, and of their ratios."""
    plain, labkart = (median(each) for each in zip(*rounds, strict=True))
    ratio = median(ours / theirs for theirs, ours in rounds)
    return Row(what, seconds(plain), seconds(labkart), f"{ratio:.2f}", limit)


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.1f} ms"


# The cases


def nothing(bench: Bench) -> Iterator[Row]:
    """A second run."""
    pair = bench.pair("nothing")

    def measured() -> tuple[float, float]:
        return pair.on_plain("graph.py", "flat", "500"), pair.on_labkart("shape=flat", "n=500")

    measured()
    yield compared("nothing to do, 500 tasks", [measured() for _ in range(bench.rounds)], "1.0")
    imports = python(
        pair.project, pair.path, "-X", "importtime", "-c", LABKART, "run", "shape=flat", "n=500"
    )
    imported = "yes" if re.search(r"\| +mlflow\b", imports.stderr) else "no"
    yield Row("nothing to do: MLflow is imported", "", imported, "", "no")


def flat(bench: Bench) -> Iterator[Row]:
    """First runs of tasks that need nothing."""
    yield from first_runs(bench, "flat", [100, 500], "first run of {n} tasks, a task", "0.6")


def layered(bench: Bench) -> Iterator[Row]:
    """First runs of tasks that need ten others."""
    yield from first_runs(
        bench, "layered", [500], "first run of {n} tasks with 10 upstream, a task", "0.35"
    )


def first_runs(bench: Bench, shape: str, sizes: list[int], what: str, limit: str) -> Iterator[Row]:
    """What a task adds: the run of one task is taken off, and with it the start and the imports."""
    pair = bench.pair(shape)

    def measured(n: int) -> tuple[float, float]:
        pair.forget()
        return pair.on_plain("graph.py", shape, str(n)), pair.on_labkart(f"shape={shape}", f"n={n}")

    measured(1)
    rounds = [{n: measured(n) for n in (1, *sizes)} for _ in range(bench.rounds)]
    for n in sizes:
        added = [
            tuple((many - one) / (n - 1) for many, one in zip(each[n], each[1], strict=True))
            for each in rounds
        ]
        yield compared(what.format(n=n), added, limit)


def sample(bench: Bench) -> Iterator[Row]:
    """The pipeline that a new project has."""
    pair = bench.pair("sample")
    pair.project, pair.path = bench.sample, [bench.sample / "src"]

    def measured() -> tuple[float, float]:
        pair.forget()
        return pair.on_plain("sample.py"), pair.on_labkart()

    measured()
    yield compared(
        "first run of the sample project", [measured() for _ in range(bench.rounds)], "1.6"
    )


def chain(bench: Bench) -> Iterator[Row]:
    """Each task needs the one before."""
    pair = bench.pair("chain")
    plain = python(pair.plain, pair.path, "graph.py", "chain", "1000")
    labkart = python(pair.project, pair.path, "-c", LABKART, "run", "shape=chain", "n=1000")
    yield Row("a chain of 1,000 tasks", outcome(plain), outcome(labkart), "", "works")


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    if not done.returncode:
        return "works"
    return (
        "fails (RecursionError)"
        if re.search("^RecursionError", done.stderr, re.MULTILINE)
        else "fails"
    )


def fingerprint(bench: Bench) -> Iterator[Row]:
    """The code of 60 modules: the sample's tasks, which are five, twelve times."""
    pair = bench.pair("fingerprint")
    stages = {
        "load": "LoadTable",
        "split": "SplitTable",
        "train": "TrainForest",
        "evaluate": "EvaluateModel",
    }
    lines = ["from labkart import Task"]
    for number in range(12):
        shutil.copytree(
            bench.sample / "src/my_thesis/tasks", pair.project / f"src/graphs/tasks{number}"
        )
        lines += [
            f"from .tasks{number}.{stage} import {task} as {task}{number}"
            for stage, task in stages.items()
        ]
    names = ", ".join(f"{task}{number}" for number in range(12) for task in stages.values())
    lines += [
        "class Whole(Task[str]):",
        "    def run(self) -> None:",
        f"        self.dump(str([{names}]))",
        "",
    ]
    (pair.project / "src/graphs/whole.py").write_text("\n".join(lines))

    def measured() -> float:
        imports = "import gc; gc.disable()  # as labkart run does\n"
        imports += "from graphs.whole import Whole\nfrom labkart import fingerprint"
        return call(pair.project, pair.path, imports, "fingerprint.of(Whole)")

    def cold() -> float:
        pair.forget()
        return measured()

    cold()
    colds, unchanged = zip(*[(cold(), measured()) for _ in range(bench.rounds)], strict=True)
    yield Row("fingerprint of 60 modules, cold", "", seconds(median(colds)), "", "0.3 s")
    yield Row("fingerprint of 60 modules, unchanged", "", seconds(median(unchanged)), "", "10 ms")


def data(bench: Bench) -> Iterator[Row]:
    """A task that declares a large file."""
    pair = bench.pair("data")
    with (pair.project / "large.bin").open("wb") as file:
        file.truncate(10**9)
    for what in ("first id of a task with 1 GB of data", "second id of a task with 1 GB of data"):
        taken = call(
            pair.project,
            pair.path,
            "from graphs.data import Read",
            'Read(file="large.bin").make_unique_id()',
        )
        yield Row(what, "", seconds(taken), "", "")


def tracked(bench: Bench) -> Iterator[Row]:
    """What the records and MLflow add to an experiment of one trivial task, and to a task for each metric."""
    pair = bench.pair("tracked")

    def measured() -> float:
        pair.forget()
        imports = cpu(lambda: python(pair.plain, [], "-c", "from mlflow import MlflowClient"))
        start = cpu(lambda: python(pair.plain, [], "-c", "pass"))
        return (
            pair.on_labkart("shape=flat", "n=1")
            - pair.on_plain("graph.py", "flat", "1")
            - (imports - start)
        )

    measured()
    yield Row(
        "tracking, without MLflow's import",
        "",
        seconds(median(measured() for _ in range(bench.rounds))),
        "",
        "0.35 s",
    )
    imports = "from graphs.tasks import Leaf\ntask = Leaf(number=1)\ntask.make_unique_id()"
    taken = call(
        pair.project,
        pair.path,
        imports,
        "for step in range(1000): task.log_metric('loss', 0.5, step=step)",
    )
    yield Row("a metric that a task logs", "", seconds(taken / 1000), "", "2 ms")


def many(bench: Bench) -> Iterator[Row]:
    """Ten thousand records of tasks, and as many of experiments."""
    pair = bench.pair("many")
    pair.on_labkart("shape=flat", "n=4")
    for kind in ("tasks", "experiments"):
        multiply(pair.project / "outputs/records" / kind)
    status = cpu(
        lambda: python(pair.project, pair.path, "-c", LABKART, "status", "shape=flat", "n=5")
    )
    shutil.rmtree(pair.project / "outputs/records")
    less = cpu(
        lambda: python(pair.project, pair.path, "-c", LABKART, "status", "shape=flat", "n=5")
    )
    yield Row("status, what 10,000 records add", "", seconds(status - less), "", "1 s")


def multiply(records: Path) -> None:
    """Ten thousand copies of a record, each with an id of its own."""
    (one, *_) = sorted(records.iterdir())
    told = (one / "record.json").read_text()
    id = one.name.rpartition("_")[2]
    for number in range(10_000):
        other = f"{number:0{len(id)}x}"
        folder = one.with_name(one.name.replace(id, other))
        folder.mkdir()
        (folder / "record.json").write_text(told.replace(id, other))


def runs(bench: Bench) -> Iterator[Row]:
    """A table of ten thousand experiments of the sample, sorted by a metric."""
    project, path = bench.sample, [bench.sample / "src"]
    cpu(lambda: python(project, path, "-c", LABKART, "run"))
    multiply(project / "outputs/records/experiments")
    words = ("-c", LABKART, "runs", "accuracy>0.5", "--sort", "-accuracy")
    listed = [cpu(lambda: python(project, path, *words)) for _ in range(bench.rounds)]
    shutil.rmtree(project / "outputs")
    yield Row("runs, of 10,000 experiments", "", seconds(median(listed)), "", "3 s")


def report(bench: Bench) -> Iterator[Row]:
    """A table and a figure of six of ten thousand experiments."""
    project, path = bench.sample, [bench.sample / "src"]
    cpu(
        lambda: python(
            project, path, "-c", LABKART, "run", "-m", "model=logistic,forest", "seed=range(3)"
        )
    )
    multiply(project / "outputs/records/experiments")
    words = ("model=logistic,forest", "--baseline", "model=logistic", "--allow", "dirty")
    made = [
        cpu(lambda: python(project, path, "-c", LABKART, "report", "models", *words))
        for _ in range(bench.rounds)
    ]
    shutil.rmtree(project / "outputs")
    yield Row("report, of 10,000 experiments", "", seconds(median(made)), "", "3 s")


def jobs(bench: Bench) -> Iterator[Row]:
    """A sweep of trivial experiments; plain gokart builds the same tasks as one graph. One worker on both sides."""
    pair, count = bench.pair("jobs"), 200

    def measured(n: int) -> tuple[float, float]:
        pair.forget()
        sweep = ("-m", "shape=one", f"n=range({n})", "labkart.workers=1")
        return pair.on_plain("graph.py", "flat", str(n + 1)), pair.on_labkart(*sweep)

    measured(1)
    rounds = [(measured(1), measured(count)) for _ in range(bench.rounds)]
    added = [
        tuple((many - one) / (count - 1) for one, many in zip(*each, strict=True))
        for each in rounds
    ]
    plain, labkart = (median(each) for each in zip(*added, strict=True))
    over = median(ours - theirs for theirs, ours in added)
    yield Row(f"a sweep of {count} jobs, a job", seconds(plain), seconds(labkart), "", "")
    yield Row("... over plain gokart", "", seconds(over), "", "25 ms")


def sweep(bench: Bench) -> Iterator[Row]:
    """Eight experiments of one second behind one task of three: how long a person waits, not CPU seconds."""
    pair = bench.pair("sweep")
    # Sleeping alone takes so long; the design allows 1.15 times that, where plain gokart takes 7.9 s and 5.7 s.
    for workers, least, limit in ((2, 7.0, 8.05 / 7.9), (4, 5.0, 5.75 / 5.7)):

        def measured(workers: int = workers) -> tuple[float, float]:
            pair.forget()
            sweep = ("-m", "shape=branch", "n=range(8)", f"labkart.workers={workers}")
            plain = waited(lambda: pair.on_plain("graph.py", "fan", "8", str(workers)))
            return plain, waited(lambda: pair.on_labkart(*sweep))

        measured()
        rounds = [measured() for _ in range(bench.rounds)]
        yield compared(
            f"8 jobs behind a 3 s prefix, {workers} workers, waited", rounds, f"{limit:.2f}"
        )
        yield Row(
            f"... beyond the {least:.0f} s of its sleep",
            *(seconds(median(each) - least) for each in zip(*rounds, strict=True)),
            "",
            "",
        )


def search(bench: Bench) -> Iterator[Row]:
    """Trials of a trivial task, each of them new."""
    pair = bench.pair("search")

    def plain(*words: str) -> float:
        shutil.rmtree(pair.plain / "resources", ignore_errors=True)
        return pair.on_plain("search.py", *words)

    def measured(n: int) -> tuple[float, float, float]:
        pair.forget()
        shutil.rmtree(pair.project / "reports", ignore_errors=True)
        words = ("-c", LABKART, "search", "search=number", "-n", str(n))
        return (
            plain(str(n)),
            plain(str(n), "mlflow"),
            cpu(lambda: python(pair.project, pair.path, *words)),
        )

    measured(2)
    rounds = [measured(100) for _ in range(bench.rounds)]
    yield compared("a search of 100 trials", [(alone, ours) for alone, _, ours in rounds], "1.5")
    yield compared(
        "... beside MLflow by hand, too", [(tracked, ours) for _, tracked, ours in rounds], ""
    )


ALONE = (nothing, flat, layered, sample, chain, fingerprint, data, tracked, many, runs, report)
CASES = {case.__name__: case for case in (*ALONE, jobs, sweep, search)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measure Labkart beside plain gokart, in CPU seconds."
    )
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often each pair is measured (5)"
    )
    parser.add_argument("--only", choices=CASES, metavar="WORD", help=f"one of {', '.join(CASES)}")
    wanted = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in ("gokart", "luigi", "mlflow"))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"CPU seconds, medians of {wanted.rounds}; {machine}, {versions}\n")
    show(Row("", "plain gokart", "labkart", "ratio", "limit"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), wanted.rounds)
        for name, case in CASES.items():
            if wanted.only in (None, name):
                for row in case(bench):
                    show(row)


def show(row: Row) -> None:
    print(f"{row.what:<48}{row.plain:>24}{row.labkart:>10}{row.ratio:>8}{row.limit:>8}", flush=True)


if __name__ == "__main__":
    main()
