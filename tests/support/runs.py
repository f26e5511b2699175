"""Records of experiments with several models and seeds, as reports compare them."""

from dataclasses import replace
from typing import Any

from labkart.records.record import ExperimentRecord, TaskRun
from tests.records.test_record import EXPERIMENT

SCORES = {
    "forest": [0.91, 0.93, 0.92, 0.95],
    "linear": [0.81, 0.84, 0.80, 0.86],
    "deep": [0.90, 0.95, 0.89, 0.97],
}
LABKART = {"seeds": ["seed"], "rank_by": "score", "higher_is_better": ["score"]}


def task_run(
    code: str = "c1", packages: str = "p1", data: str = "d1", steps: int = 0, **result: Any
) -> TaskRun:
    """A task that read a file and logged a loss, step by step."""
    metrics = [["val_loss", 1 / (step + 1), step, 0.0] for step in range(steps)]
    read = {"file": {"path": "data/raw/table.csv", "sha256": data}}
    result = {
        "code": code,
        "packages": packages,
        "data": read,
        "metrics": metrics,
        "tables": [],
        **result,
    }
    return TaskRun("Evaluate", "Evaluate", f"{code}{packages}{data}", "ran", result=result)


def experiment(
    model: str, seed: int, score: float, task: TaskRun | None = None, **changed: Any
) -> ExperimentRecord:
    """Write the record of one."""
    settings = {"model": model, "seed": seed}
    record = replace(
        EXPERIMENT,
        id=f"{model}{seed}{changed.get('started', '')[:10].replace('-', '')}",
        overrides=[f"model={model}", f"seed={seed}"],
        settings=settings,
        config={**settings, "labkart": LABKART},
        tasks=[task or task_run()],
        status="finished",
        started=f"2026-11-01T10:00:0{seed}+00:00",
        code={"commit": "a" * 40, "dirty": False},
        metrics={"score": score, "val_loss": 1 - score},
    )
    record = replace(record, **changed)
    record.write()
    return record


def all_experiments() -> list[ExperimentRecord]:
    """Write the records of each model with each seed."""
    return [
        experiment(model, seed, score)
        for model, scores in SCORES.items()
        for seed, score in enumerate(scores)
    ]
