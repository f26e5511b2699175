"""How many threads the numeric libraries of a process use: so many that all workers together fill the machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

# Read by libraries when they are loaded, which may be in a worker.
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
_VARIABLES += ("NUMEXPR_MAX_THREADS", "VECLIB_MAXIMUM_THREADS")


def cores() -> int:
    """The cores that this process may use: on a cluster those of its job."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def now() -> int:
    """How many threads a numeric library that starts now would use."""
    asked = [os.environ[name] for name in _VARIABLES if os.environ.get(name, "").isdecimal()]
    return int(asked[0]) if asked else cores()


def variables(count: int) -> dict[str, str]:
    """What to put into a process's environment so that its libraries use so many."""
    return dict.fromkeys(_VARIABLES, str(count))


@contextmanager
def divided(workers: int) -> Iterator[None]:
    """Give each worker that starts in the block its share of the cores; a single one has all, as ever.

    A person who has set one of the variables has decided.
    """
    if workers < 2 or any(name in os.environ for name in _VARIABLES):
        yield
        return
    share = max(1, cores() // workers)
    os.environ |= variables(share)
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 0
    try:
        with threadpool_limits(share):
            if torch:
                torch.set_num_threads(share)
            yield
    finally:
        for name in _VARIABLES:
            del os.environ[name]
        if torch:
            torch.set_num_threads(before)
