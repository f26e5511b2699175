"""Stage 3: from vectors to a model. One class per model, each with its own parameters."""

from gokart import TaskInstanceParameter
from labkart import Task
from luigi import FloatParameter
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from .comments import SplitComments
from .vectors import Vectorise

Model = LogisticRegression | MultinomialNB


class TrainTask(Task[Model]):
    """What all models share: the vectors, and the comments behind them."""

    vectors: TaskInstanceParameter[Vectorise] = TaskInstanceParameter(expected_type=Vectorise)
    split: TaskInstanceParameter[SplitComments] = TaskInstanceParameter(expected_type=SplitComments)

    def fit(self, model: Model) -> None:
        """Fit a model to the part to learn from, and keep it."""
        vectors, split = self.load(self.vectors), self.load(self.split)
        self.dump(model.fit(vectors.train, split.train["label"]))


class TrainBayes(TrainTask):
    """Naive Bayes on the weights."""

    alpha: FloatParameter = FloatParameter()

    def run(self) -> None:
        self.fit(MultinomialNB(alpha=self.alpha))


class TrainLogistic(TrainTask):
    """A logistic regression on the weights."""

    c: FloatParameter = FloatParameter()

    def run(self) -> None:
        self.fit(LogisticRegression(C=self.c, max_iter=1000))
