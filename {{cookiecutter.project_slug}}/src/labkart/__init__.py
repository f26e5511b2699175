"""The runtime of a Labkart project: tasks that are cached by gokart and tracked in MLflow.

What a project imports is here; nothing heavy is loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .composition import compose
    from .config import make
    from .errors import LabkartError
    from .inputs import DataFile, DataFolder
    from .notebook import load, runs
    from .task import Task

__all__ = ["DataFile", "DataFolder", "LabkartError", "Task", "compose", "load", "make", "runs"]

# Of the template that this project has; `labkart update` takes a newer one.
__version__ = "0.1.0"

_HOMES = {"DataFile": "inputs", "DataFolder": "inputs", "LabkartError": "errors"}
_HOMES |= {"Task": "task", "compose": "composition", "make": "config"}
_HOMES |= {"load": "notebook", "runs": "notebook"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
