"""Research pipelines of tasks that gokart caches, Hydra configures and MLflow tracks.

The names below are what a project imports. Each is loaded when it is first used, because gokart and
Hydra take a second to import.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkart.errors import LabkartError
    from labkart.experiments.composer import compose
    from labkart.results.notebook import load, runs
    from labkart.tasks.data_files import DataFile, DataFolder
    from labkart.tasks.make import make
    from labkart.tasks.task import Task

__all__ = ["DataFile", "DataFolder", "LabkartError", "Task", "compose", "load", "make", "runs"]

__version__ = "0.1.0"

# MLflow reads it when it is imported, and would else tell its makers of each run.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

_MODULES = {
    "DataFile": "labkart.tasks.data_files",
    "DataFolder": "labkart.tasks.data_files",
    "LabkartError": "labkart.errors",
    "Task": "labkart.tasks.task",
    "compose": "labkart.experiments.composer",
    "load": "labkart.results.notebook",
    "make": "labkart.tasks.make",
    "runs": "labkart.results.notebook",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
