"""What a search costs beside Optuna with plain gokart."""

from collections.abc import Iterator

from benchmarks.bench import Bench, Row, compared


def search(bench: Bench) -> Iterator[Row]:
    """Sixty trials of a trivial task, each of them new."""
    pair = bench.pair("search")

    def measure(count: str) -> tuple[float, float, float]:
        pair.forget()
        alone = pair.on_plain("search.py", count)
        pair.forget()
        tracked = pair.on_plain("search.py", count, "mlflow")
        return alone, tracked, pair.on_labkart("search", "search=number", "-n", count)

    measure("2")
    rounds = [measure("60") for _ in range(bench.rounds)]
    alone = [(plain, labkart) for plain, _, labkart in rounds]
    tracked = [(plain, labkart) for _, plain, labkart in rounds]
    yield compared("a search of 60 trials", alone, "2.0")
    yield compared("... beside MLflow by hand, too", tracked)
