"""The pipeline: which task feeds which, and which settings of conf/ each one gets."""

from labkart import make
from omegaconf import DictConfig

from .tasks.comments import SplitComments
from .tasks.evaluate import Evaluate
from .tasks.train import TrainBayes, TrainLogistic
from .tasks.vectors import Vectorise

MODELS = {"bayes": TrainBayes, "logistic": TrainLogistic}


def pipeline(cfg: DictConfig) -> Evaluate:
    """Lay out the tasks of one experiment and return the last one."""
    split = make(SplitComments, cfg.split, file=cfg.comments.file, seed=cfg.seed)
    vectors = make(Vectorise, cfg.vectors, split=split)
    model = make(MODELS[cfg.model.name], cfg.model.params, vectors=vectors, split=split)
    return make(Evaluate, model=model, vectors=vectors, split=split)
