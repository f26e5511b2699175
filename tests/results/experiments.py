"""Experiments for the tests of what looks at them."""

from dataclasses import replace
from typing import Any

from labkart.records.record import ExperimentRecord
from tests.records.test_record import EXPERIMENT


def experiment(
    number: int, model: str = "forest", seed: int = 0, **changes: Any
) -> ExperimentRecord:
    params = {"trees": 300} if model == "forest" else {"c": 1.0}
    record = replace(
        EXPERIMENT,
        id=f"{number:016x}",
        status="finished",
        started=f"2026-11-21T09:{number:02}:00.000+09:00",
        overrides=[],
        settings={"model": model, "seed": seed},
        config={
            "model": {"name": model, "params": params},
            "seed": seed,
            "split": {"test_size": 0.25},
        },
        metrics={"accuracy": 0.5 + number / 1000},
    )
    return replace(record, **changes)
