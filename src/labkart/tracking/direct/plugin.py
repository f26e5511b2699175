"""What MLflow loads of Labkart by itself: how to open the store of a task.

MLflow finds these functions as plugins, by the scheme of its tracking address, and calls them when
code first uses the store. Must be quick to import: every process that imports MLflow does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkart.tracking.direct.task_store import TaskStore


def open_tracking(store_uri: str, artifact_uri: str | None = None) -> "TaskStore":  # noqa: ARG001
    """Open the store of a task for runs."""
    from labkart.tracking.direct import task_store

    return task_store.open_store(store_uri)


def open_registry(store_uri: str, **_: Any) -> Any:
    """Open the store of a task for registered models."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from labkart.tracking.direct import task_store

    return SqlAlchemyStore(task_store.open_store(store_uri).db_uri)
