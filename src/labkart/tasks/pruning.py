"""How a search stops tasks of trials that fall behind. Knows no Optuna: a function decides."""

from collections.abc import Iterator
from contextlib import contextmanager

from labkart.language import translate
from labkart.tasks.context import PruningReason, context


class Pruned(BaseException):
    """Ends a task whose trial fell behind.

    It is not an `Exception`, so that a task which catches its own errors lets it pass.
    """


@contextmanager
def prune_with(reason: PruningReason | None) -> Iterator[None]:
    """Let a function decide about the tasks that run in the block, also in forked processes."""
    context.pruning_reason = reason
    try:
        yield
    finally:
        context.pruning_reason, context.trial = None, None


def prune_if_behind(value: float, step: int) -> None:
    """End the task if a value that it reports is too far behind.

    Raises:
        Pruned: the trial is not worth going on with.
    """
    reason = context.pruning_reason and context.pruning_reason(context.trial, value, step)
    if reason:
        raise Pruned(translate("stopped early at step {step}: {reason}", step=step, reason=reason))
