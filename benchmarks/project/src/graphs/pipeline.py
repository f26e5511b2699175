"""The graph that a configuration names."""

from typing import Any

from labkart import Task, make

from .tasks import GRAPHS


def pipeline(cfg: Any) -> Task[int]:
    return make(GRAPHS[cfg.shape], n=cfg.n)
