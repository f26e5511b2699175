"""What sweeps cost: many trivial experiments, and experiments that share a long step."""

from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench, Row, compared, shown, wall_seconds
from benchmarks.cases.tasks import per_task


def jobs(bench: Bench) -> Iterator[Row]:
    """Two hundred trivial experiments; plain gokart builds the same tasks as one graph."""
    pair, count = bench.pair("jobs"), 200

    def measure(jobs: int) -> tuple[float, float]:
        pair.forget()
        sweep = ("run", "-m", "shape=one", f"n=range({jobs})", "labkart.workers=1")
        return pair.on_plain("graph.py", "flat", str(jobs + 1)), pair.on_labkart(*sweep)

    measure(1)
    rounds = [per_task(measure(1), measure(count), count) for _ in range(bench.rounds)]
    plain, labkart = (median(column) for column in zip(*rounds, strict=True))
    added = median(pair[1] - pair[0] for pair in rounds)
    yield Row(f"a sweep of {count} jobs, per job", shown(plain), shown(labkart))
    yield Row("... over plain gokart", labkart=shown(added), goal="25 ms")


def sweep(bench: Bench) -> Iterator[Row]:
    """Eight experiments of one second behind one task of three: the time a person waits."""
    pair = bench.pair("sweep")
    for workers in (2, 4):

        def measure(workers: int = workers) -> tuple[float, float]:
            pair.forget()
            sweep = ("run", "-m", "shape=branch", "n=range(8)", f"labkart.workers={workers}")
            fan = ("graph.py", "fan", "8", str(workers))
            plain = wall_seconds(lambda: pair.on_plain(*fan))
            return plain, wall_seconds(lambda: pair.on_labkart(*sweep))

        measure()
        rounds = [measure() for _ in range(bench.rounds)]
        yield compared(f"8 jobs behind a 3 s prefix, {workers} workers, wall", rounds, "1.05")
