"""The runtime of a Labkart project: tasks that are cached by gokart and tracked in MLflow.

What a project imports is here; nothing heavy is loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkart.errors import LabkartError
    from labkart.experiments.config import compose
    from labkart.results.notebook import load, runs
    from labkart.tasks.data_files import DataFile, DataFolder
    from labkart.tasks.make import make
    from labkart.tasks.task import Task

__all__ = ["DataFile", "DataFolder", "LabkartError", "Task", "compose", "load", "make", "runs"]

# Of the template that this project has; `labkart update` takes a newer one.
__version__ = "0.1.0"

_HOMES = {
    "DataFile": "tasks.data_files",
    "DataFolder": "tasks.data_files",
    "LabkartError": "errors",
}
_HOMES |= {"Task": "tasks.task", "compose": "experiments.config", "make": "tasks.make"}
_HOMES |= {"load": "results.notebook", "runs": "results.notebook"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
