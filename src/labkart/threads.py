"""The number of threads of numeric libraries: all workers together use each core once."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

# Libraries read these when they are loaded, which may be in a worker.
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def cores() -> int:
    """The number of cores that this process may use; on a cluster those of its job."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def per_library() -> int:
    """The number of threads of a numeric library that is loaded now."""
    counts = [os.environ[name] for name in _VARIABLES if os.environ.get(name, "").isdecimal()]
    return int(counts[0]) if counts else cores()


def variables(count: int) -> dict[str, str]:
    """The environment variables with which a process's libraries use so many threads."""
    return dict.fromkeys(_VARIABLES, str(count))


@contextmanager
def divided(workers: int) -> Iterator[None]:
    """Give each worker that starts in the block its share of the cores.

    A single worker has all of them. If a person has set one of the variables, nothing changes.
    """
    if workers < 2 or any(name in os.environ for name in _VARIABLES):
        yield
        return
    share = max(1, cores() // workers)
    os.environ |= variables(share)
    torch = sys.modules.get("torch")
    previous = torch.get_num_threads() if torch else 0
    try:
        with threadpool_limits(share):
            if torch:
                torch.set_num_threads(share)
            yield
    finally:
        for name in _VARIABLES:
            del os.environ[name]
        if torch:
            torch.set_num_threads(previous)
