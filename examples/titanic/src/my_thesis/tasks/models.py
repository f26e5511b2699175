"""Stage 2: what is to be fitted. One class per model; all of them prepare the columns alike.

Filling and scaling are part of the model, so that they are fitted to the same passengers as the
rest: nothing of those who are to be predicted leaks into them.
"""

from labkart import Task
from luigi import ChoiceParameter, FloatParameter, IntParameter, ListParameter
from sklearn.base import ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler


class DesignTask(Task[Pipeline]):
    """What all models share: which columns they see, and how these are prepared."""

    numbers: ListParameter[tuple[str, ...]] = ListParameter()
    categories: ListParameter[tuple[str, ...]] = ListParameter()
    fill: ChoiceParameter[str] = ChoiceParameter(choices=["mean", "median", "most_frequent"])
    degree: IntParameter = IntParameter()

    def dump_model(self, classifier: ClassifierMixin) -> None:
        """Put the preparation of the columns before a classifier, and keep both."""
        numbers = SimpleImputer(strategy=self.fill)
        categories = make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(drop="first", handle_unknown="ignore"),
        )
        columns = make_column_transformer(
            (numbers, list(self.numbers)), (categories, list(self.categories))
        )
        products = PolynomialFeatures(self.degree, interaction_only=True, include_bias=False)
        self.dump(make_pipeline(columns, products, StandardScaler(), classifier))


class DesignRidge(DesignTask):
    """A ridge classifier."""

    alpha: FloatParameter = FloatParameter()

    def run(self) -> None:
        self.dump_model(RidgeClassifier(alpha=self.alpha))


class DesignLogistic(DesignTask):
    """A logistic regression."""

    c: FloatParameter = FloatParameter()

    def run(self) -> None:
        self.dump_model(LogisticRegression(C=self.c, max_iter=1000))
