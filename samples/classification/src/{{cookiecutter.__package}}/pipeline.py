"""The pipeline: which task feeds which, and which settings of conf/ each one gets."""

from labkart import make
from omegaconf import DictConfig

from .tasks.evaluate import EvaluateModel
from .tasks.load import LoadTable
from .tasks.split import SplitTable
from .tasks.train import TrainBoosting, TrainForest, TrainLogistic

MODELS = {"logistic": TrainLogistic, "forest": TrainForest, "boosting": TrainBoosting}


def pipeline(cfg: DictConfig) -> EvaluateModel:
    """Lay out the tasks of one experiment and return the last one."""
    table = make(LoadTable, cfg.data)
    split = make(SplitTable, cfg.split, table=table)
    model = make(MODELS[cfg.model.name], cfg.model.params, split=split, seed=cfg.seed)
    return make(EvaluateModel, cfg.evaluate, model=model, split=split)
