"""The pipeline: which task feeds which, and which settings of conf/ each one gets."""

from typing import Any

from labkart import Task, make
from omegaconf import DictConfig

from .tasks.models import DesignLogistic, DesignRidge
from .tasks.passengers import ReadPassengers
from .tasks.predict import Predict
from .tasks.validate import CrossValidate

MODELS = {"ridge": DesignRidge, "logistic": DesignLogistic}


def pipeline(cfg: DictConfig) -> dict[str, Task[Any]]:
    """Lay out the tasks of one experiment and return its two results."""
    known = make(ReadPassengers, cfg.known)
    unknown = make(ReadPassengers, cfg.unknown)
    model = make(MODELS[cfg.model.name], cfg.model.params, **cfg.features)
    return {
        "score": make(CrossValidate, cfg.validate, model=model, known=known, seed=cfg.seed),
        "submission": make(Predict, model=model, known=known, unknown=unknown),
    }
