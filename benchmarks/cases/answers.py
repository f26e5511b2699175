"""What a command costs when nothing has changed, and what it costs to find out what has."""

import shutil
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.bench import Bench, Pair, Row, compared, python, shown, wall_seconds

_IMPORTS = "import labkart.experiments.run, labkart.experiments.status, my_thesis.pipeline"


def nothing(bench: Bench) -> Iterator[Row]:
    """A run with nothing to do: at once, and computed; before it a first run."""
    pair = bench.pair("nothing")
    for count in ("10", "100", "500"):
        arguments = ("run", "shape=flat", f"n={count}")

        def measure(prepare: Callable[[], object] = lambda: None) -> tuple[float, float]:
            prepare()
            plain = pair.on_plain("graph.py", "flat", count)  # noqa: B023 (called in this round)
            return plain, pair.on_labkart(*arguments)  # noqa: B023

        measure()
        first = [measure(pair.forget) for _ in range(bench.rounds)]
        yield compared(f"first run, {count} tasks", first)
        measure()
        at_once = [measure() for _ in range(bench.rounds)]
        yield compared(f"nothing to do, {count} tasks", at_once, "0.3")
        computed = [measure(lambda: _forget_answers(pair)) for _ in range(bench.rounds)]
        yield compared(f"nothing to do, {count} tasks, computed", computed)


def answers(bench: Bench) -> Iterator[Row]:
    """The sample of a new project: how long a person waits."""
    pair = bench.sample_pair()
    pair.run_labkart("run")
    code = pair.project / "src/my_thesis/tasks/train.py"

    def wall(*arguments: str, prepare: Callable[[], object] = lambda: None) -> float:
        prepare()
        return wall_seconds(lambda: pair.run_labkart(*arguments))

    def edit() -> None:
        text = code.read_text()
        code.write_text(f"{text}\nEDIT = 1\n")

    for verb in ("run", "status"):
        computed = [wall(verb, prepare=lambda: _forget_answers(pair)) for _ in range(bench.rounds)]
        at_once = [wall(verb) for _ in range(bench.rounds)]
        yield Row(f"the sample, {verb}, wall", labkart=shown(median(at_once)), goal="0.25 s")
        yield Row(f"the sample, {verb}, computed, wall", labkart=shown(median(computed)))
    source = [pair.project / "src"]
    imports = [
        wall_seconds(lambda: python(pair.project, source, "-c", _IMPORTS))
        for _ in range(bench.rounds)
    ]
    edited = [wall("status", prepare=edit) for _ in range(bench.rounds)]
    added = median(edited) - median(imports)
    yield Row("the sample, status after an edit, wall", labkart=shown(median(edited)))
    yield Row("... without imports", labkart=shown(added), goal="0.3 s")


def _forget_answers(pair: Pair) -> None:
    """Let the next command compute its answer."""
    shutil.rmtree(pair.project / "outputs/memos/answers", ignore_errors=True)
