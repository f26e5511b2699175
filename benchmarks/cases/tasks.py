"""What a task costs: at its first run, in the sample, in a long chain."""

from collections.abc import Iterator

from benchmarks.bench import Bench, Row, compared, outcome


def flat(bench: Bench) -> Iterator[Row]:
    """First runs of tasks that need nothing."""
    yield from _first_runs(bench, "flat", [100, 500], "first run of {n} tasks, per task")


def layered(bench: Bench) -> Iterator[Row]:
    """First runs of tasks that need ten others."""
    case = "first run of {n} tasks with 10 upstream, per task"
    yield from _first_runs(bench, "layered", [500], case)


def first(bench: Bench) -> Iterator[Row]:
    """A whole first run, MLflow's import and a new store included."""
    pair = bench.pair("first")

    def measure() -> tuple[float, float]:
        pair.forget()
        (pair.project / "outputs/mlflow.db").unlink(missing_ok=True)
        plain = pair.on_plain("graph.py", "flat", "500")
        return plain, pair.on_labkart("run", "shape=flat", "n=500")

    measure()
    rounds = [measure() for _ in range(bench.rounds)]
    yield compared("first run of 500 tasks with a new store", rounds, "0.75")


def sample(bench: Bench) -> Iterator[Row]:
    """The pipeline of a new project."""
    pair = bench.sample_pair()

    def measure() -> tuple[float, float]:
        pair.forget()
        return pair.on_plain("sample.py"), pair.on_labkart("run")

    measure()
    rounds = [measure() for _ in range(bench.rounds)]
    yield compared("first run of the sample project", rounds, "2.0")


def chain(bench: Bench) -> Iterator[Row]:
    """Each task needs the one before."""
    pair = bench.pair("chain")
    plain = outcome(pair.run_plain("graph.py", "chain", str(bench.chain)))
    labkart = outcome(pair.run_labkart("run", "shape=chain", f"n={bench.chain}"))
    yield Row(f"a chain of {bench.chain:,} tasks", plain, labkart, goal="works")


def _first_runs(bench: Bench, shape: str, sizes: list[int], case: str) -> Iterator[Row]:
    """What one more task adds: the run of one task is subtracted, and with it the imports."""
    pair = bench.pair(shape)

    def measure(count: int) -> tuple[float, float]:
        pair.forget()
        plain = pair.on_plain("graph.py", shape, str(count))
        return plain, pair.on_labkart("run", f"shape={shape}", f"n={count}")

    measure(1)
    rounds = [{count: measure(count) for count in (1, *sizes)} for _ in range(bench.rounds)]
    for count in sizes:
        added = [per_task(result[1], result[count], count) for result in rounds]
        yield compared(case.format(n=count), added)


def per_task(
    one: tuple[float, float], many: tuple[float, float], count: int
) -> tuple[float, float]:
    """What one more task adds on both sides."""
    return (many[0] - one[0]) / (count - 1), (many[1] - one[1]) / (count - 1)
