"""The pipeline: which task feeds which, and which settings of conf/ each one gets."""

from labkart import make
from omegaconf import DictConfig

from .tasks.walk import Walk


def pipeline(cfg: DictConfig) -> Walk:
    """Lay out the tasks of one experiment and return the last one."""
    return make(Walk, cfg.walk, seed=cfg.seed)
