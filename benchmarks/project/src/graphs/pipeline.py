"""The graph that a configuration names."""

from typing import Any

from labkart import Task, make

from .tasks import GRAPHS, Guess


def pipeline(cfg: Any) -> Task[Any]:
    if cfg.shape == "guess":
        return make(Guess, number=cfg.number, share=cfg.share)
    return make(GRAPHS[cfg.shape], n=cfg.n)
