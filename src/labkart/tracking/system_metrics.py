"""What long tasks used of the machine over time, as MLflow's system metrics. Calls no store.

MLflow's page lists them above an experiment's own metrics, so there is no more than that: what each
task cost in all is in `tasks.csv`.
"""

from collections.abc import Iterator

from mlflow.entities import Metric

from labkart.records import machine_use
from labkart.tracking import entities


def system_metrics(uses: entities.Uses) -> Iterator[Metric]:
    """The metrics of all tasks; if they are many, nobody reads them."""
    if len(uses) > entities.MANY:
        return
    for use, record in uses:
        if not record.machine_use:
            continue
        began = entities.milliseconds(record.started)
        for step, point in enumerate(machine_use.read(record.folder)):
            moment = began + round(1000 * point.pop("seconds"))
            for name, value in point.items():
                yield Metric(f"system/{use.label}/{name}", value, moment, step)
