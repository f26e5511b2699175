"""A search listens to what its tasks report while they run, and stops those that fall behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Hears a value and its step, and says whether to stop.
ShouldPrune = Callable[[float, int], bool]

_judges: list[ShouldPrune] = []


class Pruned(BaseException):
    """Ends a task whose trial fell behind. No `Exception`, so that a task which catches its own lets it pass."""


@contextmanager
def prune_with(judge: ShouldPrune | None) -> Iterator[None]:
    """The tasks that run in the block, in this process or in one that it forks, are judged."""
    if judge is None:
        yield
        return
    _judges.append(judge)
    try:
        yield
    finally:
        _judges.pop()


def should_prune(value: float, step: int) -> None:
    """A task has got so far.

    Raises:
        Pruned: that is not far enough.
    """
    if _judges and _judges[-1](value, step):
        raise Pruned(f"fell behind at step {step}")
