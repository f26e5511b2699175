"""What a task's id costs: the code of many modules, and a large file."""

import shutil
from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench, Row, shown

_TASKS = {
    "load": "LoadTable",
    "split": "SplitTable",
    "train": "TrainForest",
    "evaluate": "EvaluateModel",
}


def fingerprint(bench: Bench) -> Iterator[Row]:
    """The code of 60 modules: the sample's tasks, twelve times."""
    pair = bench.pair("fingerprint")
    lines = ["from labkart import Task"]
    for number in range(12):
        copy = pair.project / f"src/graphs/tasks{number}"
        shutil.copytree(bench.sample / "src/my_thesis/tasks", copy)
        for module, task in _TASKS.items():
            lines.append(f"from .tasks{number}.{module} import {task} as {task}{number}")
    names = ", ".join(f"{task}{number}" for number in range(12) for task in _TASKS.values())
    lines += [
        "class Whole(Task[str]):",
        "    def run(self) -> None:",
        f"        self.dump(str([{names}]))",
        "",
    ]
    (pair.project / "src/graphs/whole.py").write_text("\n".join(lines))
    imports = (
        "import gc; gc.disable()  # as labkart run does\n"
        "from graphs.whole import Whole\n"
        "from labkart.fingerprint.fingerprint import fingerprint_of"
    )

    def measure() -> float:
        return pair.call(imports, "fingerprint_of(Whole)")

    def measure_cold() -> float:
        pair.forget()
        return measure()

    measure_cold()
    rounds = [(measure_cold(), measure()) for _ in range(bench.rounds)]
    cold, known = (median(column) for column in zip(*rounds, strict=True))
    yield Row("fingerprint of 60 modules, cold", labkart=shown(cold))
    yield Row("fingerprint of 60 modules, packages known", labkart=shown(known), goal="0.25 s")


def data(bench: Bench) -> Iterator[Row]:
    """A task that declares a large file."""
    pair = bench.pair("data")
    with (pair.project / "large.bin").open("wb") as file:
        file.truncate(10**9)
    for which in ("first", "second"):
        call = 'Read(file="large.bin").make_unique_id()'
        seconds = pair.call("from graphs.data import Read", call)
        yield Row(f"{which} id of a task with 1 GB of data", labkart=shown(seconds))
