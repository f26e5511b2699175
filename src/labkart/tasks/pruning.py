"""How a search stops tasks that fall behind. Knows no Optuna: a function decides."""

from collections.abc import Iterator
from contextlib import contextmanager

from labkart.tasks.context import ShouldPrune, context


class Pruned(BaseException):
    """Ends a task whose trial fell behind.

    It is not an `Exception`, so that a task which catches its own errors lets it pass.
    """


@contextmanager
def prune_with(should_prune: ShouldPrune | None) -> Iterator[None]:
    """Let a function decide about the tasks that run in the block, also in forked processes."""
    previous = context.should_prune
    context.should_prune = should_prune or previous
    try:
        yield
    finally:
        context.should_prune = previous


def prune_if_behind(value: float, step: int) -> None:
    """End the task if a value that it reports is too far behind.

    Raises:
        Pruned: the trial fell behind the others.
    """
    if context.should_prune and context.should_prune(value, step):
        raise Pruned(f"fell behind at step {step}")
