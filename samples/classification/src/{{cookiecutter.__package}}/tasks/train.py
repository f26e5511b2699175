"""Stage 3: from a split to a fitted model. One class per model, each with its own parameters."""

from luigi import FloatParameter, IntParameter
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .base import TrainTask


class TrainLogistic(TrainTask[Pipeline]):
    """Fit a logistic regression on standardised features of the training part."""

    c: FloatParameter = FloatParameter()
    max_iter: IntParameter = IntParameter()

    def run(self) -> None:
        split = self.load(self.split)
        regression = LogisticRegression(C=self.c, max_iter=self.max_iter, random_state=self.seed)
        model = make_pipeline(StandardScaler(), regression)
        model.fit(split.x_train, split.y_train)
        self.finish(model, split)


class TrainForest(TrainTask[RandomForestClassifier]):
    """Fit a random forest on the training part of a split."""

    trees: IntParameter = IntParameter()

    def run(self) -> None:
        split = self.load(self.split)
        model = RandomForestClassifier(n_estimators=self.trees, random_state=self.seed)
        model.fit(split.x_train, split.y_train)
        self.finish(model, split)


class TrainBoosting(TrainTask[GradientBoostingClassifier]):
    """Fit gradient-boosted trees on the training part of a split."""

    trees: IntParameter = IntParameter()
    learning_rate: FloatParameter = FloatParameter()

    def run(self) -> None:
        split = self.load(self.split)
        model = GradientBoostingClassifier(
            n_estimators=self.trees, learning_rate=self.learning_rate, random_state=self.seed
        )
        model.fit(split.x_train, split.y_train)
        for step, loss in enumerate(model.train_score_):
            self.log_metric("train_loss", loss, step=step)
        self.finish(model, split)
