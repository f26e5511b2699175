"""Every private name of another library that Labkart uses, with the version that it was tried on."""

from collections.abc import Callable
from typing import Any


def wrap_workers(before: Callable[[], None], after: Callable[[], None]) -> None:
    """Call functions whenever a worker of luigi or gokart begins and ends to build.

    Replaces `Worker.__enter__` and `__exit__`, with which both libraries run a worker; neither has a
    hook for it. Tried on luigi 3.8.1 and gokart 1.12.2.
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
