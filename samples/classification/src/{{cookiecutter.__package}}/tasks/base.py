"""Your own base tasks: what several tasks share is written here once."""

from typing import TypeVar

from gokart import TaskInstanceParameter
from labkart import Task
from luigi import IntParameter
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from .split import Split, SplitTable

T = TypeVar("T", bound=ClassifierMixin | Pipeline)  # a classifier, alone or behind other steps


class TrainTask(Task[T]):
    """What every training task shares: a split, a seed, and the accuracy on the training part."""

    split: TaskInstanceParameter[SplitTable] = TaskInstanceParameter(expected_type=SplitTable)
    seed: IntParameter = IntParameter()

    def finish(self, model: T, split: Split) -> None:
        """Log how well the model fits what it has seen, and keep it."""
        self.log_metric("train_accuracy", model.score(split.x_train, split.y_train))
        self.dump(model)
