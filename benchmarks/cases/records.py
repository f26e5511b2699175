"""What commands cost that look at ten thousand records."""

import shutil
from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench, Row, multiply, shown


def status(bench: Bench) -> Iterator[Row]:
    """What ten thousand records add to `labkart status`."""
    pair = bench.pair("status")
    pair.on_labkart("run", "shape=flat", "n=4")
    for kind in ("tasks", "experiments"):
        multiply(pair.project / "outputs/records" / kind)
    many = pair.on_labkart("status", "shape=flat", "n=5")
    shutil.rmtree(pair.project / "outputs/records")
    none = pair.on_labkart("status", "shape=flat", "n=5")
    yield Row("status, added by 10,000 records", labkart=shown(many - none), goal="1 s")


def runs(bench: Bench) -> Iterator[Row]:
    """A table of ten thousand experiments of the sample, sorted by a metric."""
    pair = bench.sample_pair()
    pair.on_labkart("run")
    multiply(pair.project / "outputs/records/experiments")
    arguments = ("runs", "accuracy>0.5", "--sort", "-accuracy")
    seconds = median(pair.on_labkart(*arguments) for _ in range(bench.rounds))
    shutil.rmtree(pair.project / "outputs")
    yield Row("runs, of 10,000 experiments", labkart=shown(seconds), goal="3 s")


def report(bench: Bench) -> Iterator[Row]:
    """A table and a figure of six of ten thousand experiments."""
    pair = bench.sample_pair()
    pair.on_labkart("run", "-m", "model=logistic,forest", "seed=range(3)")
    multiply(pair.project / "outputs/records/experiments")
    groups = ("model=logistic,forest", "--baseline", "model=logistic", "--allow", "dirty")
    seconds = median(pair.on_labkart("report", "models", *groups) for _ in range(bench.rounds))
    shutil.rmtree(pair.project / "outputs")
    yield Row("report, of 10,000 experiments", labkart=shown(seconds), goal="3 s")
