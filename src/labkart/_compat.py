"""Every private name of other libraries that Labkart uses, and nothing else.

One function per use. Its docstring names the library and the version that it was tried on, and a
test in tests/ground/test_compat.py asserts that the private name is still there. What is heavy is
imported inside the functions.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.routing import Route


def wrap_workers(before: Callable[[], None], after: Callable[[], None]) -> None:
    """Call functions whenever a worker of luigi or gokart begins to build, and when it ends.

    luigi 3.8.1 and gokart 1.12.2: replaces `Worker.__enter__` and `__exit__`, which both libraries
    use to run a worker. Neither has a hook for it.
    """
    import gokart.worker
    import luigi.worker

    for worker in (gokart.worker.Worker, luigi.worker.Worker):
        _wrap_context(worker, before, after)


def _wrap_context(context: Any, before: Callable[[], None], after: Callable[[], None]) -> None:
    enter, leave = context.__enter__, context.__exit__

    def begin(self: Any) -> Any:
        before()
        return enter(self)

    def end(self: Any, *error: Any) -> Any:
        after()
        return leave(self, *error)

    context.__enter__, context.__exit__ = begin, end


def mlflow_app(route: "Route") -> Any:
    """MLflow's web application, with a route of ours in front of its own.

    MLflow 3.17.2: `mlflow.server.fastapi_app.app` and its list of routes. The last one of MLflow's
    takes all addresses that are left, so `add_route` would come too late.
    """
    from mlflow.server.fastapi_app import app

    app.router.routes.insert(0, route)
    return app


def mlflow_page_keys(experiment_id: str) -> tuple[str, dict[str, Any]]:
    """Where MLflow's page keeps what a person chose, in the browser's local storage.

    MLflow 3.17.2: the keys of its page, which it takes from no link for good.

    Returns:
        The key of the columns of an experiment's table of runs, and what to set at a first visit:
        MLflow takes a project for one of language models then, and opens a chat beside it.
    """
    columns = f'MLflowLocalStorage-1.1-ExperimentPage-["{experiment_id}"]-ReactComponentState'
    first_visit = {
        "mlflow.workflowType_v1": "machine_learning",
        "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    }
    return columns, first_visit
