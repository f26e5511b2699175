"""The pipeline: which task feeds which, and which settings of conf/ each one gets."""

from labkart import make
from omegaconf import DictConfig

from .tasks.digits import LoadDigits
from .tasks.evaluate import Evaluate
from .tasks.train import TrainNetwork


def pipeline(cfg: DictConfig) -> Evaluate:
    """Lay out the tasks of one experiment and return the last one."""
    digits = make(LoadDigits, cfg.digits)
    network = make(TrainNetwork, cfg.train, digits=digits, seed=cfg.seed)
    return make(Evaluate, network=network, digits=digits)
