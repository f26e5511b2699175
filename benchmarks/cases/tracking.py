"""What the records and MLflow add to a run."""

from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench, Row, cpu_seconds, python, shown


def tracked(bench: Bench) -> Iterator[Row]:
    """What they add to an experiment of one trivial task, and to a task per metric."""
    pair = bench.pair("tracked")

    def measure() -> float:
        pair.forget()
        importing = "from mlflow import MlflowClient"
        imports = cpu_seconds(lambda: python(pair.plain, [], "-c", importing))
        start = cpu_seconds(lambda: python(pair.plain, [], "-c", "pass"))
        plain = pair.on_plain("graph.py", "flat", "1")
        return pair.on_labkart("run", "shape=flat", "n=1") - plain - (imports - start)

    measure()
    seconds = median(measure() for _ in range(bench.rounds))
    yield Row("tracking, without MLflow's import", labkart=shown(seconds), goal="0.35 s")
    imports = "from graphs.tasks import Leaf\ntask = Leaf(number=1)\ntask.make_unique_id()"
    call = "for step in range(1000): task.log_metric('loss', 0.5, step=step)"
    seconds = pair.call(imports, call) / 1000
    yield Row("a metric that a task logs", labkart=shown(seconds), goal="2 ms")
