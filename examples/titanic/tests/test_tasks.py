"""Each model predicts what is easy, also where values are missing."""

import gokart
import pandas as pd
import pytest
from labkart import compose, make

from my_thesis.pipeline import MODELS, pipeline
from my_thesis.tasks.passengers import ReadPassengers
from my_thesis.tasks.predict import Predict
from my_thesis.tasks.validate import CrossValidate


class EasyPassengers(ReadPassengers):
    """Women survive; of every fifth passenger the age is not known."""

    def run(self) -> None:
        table = {"id": range(40), "class": [1, 2] * 20, "sex": ["female", "male"] * 20}
        table |= {"age": [20, 30, 40, 50, None] * 8, "family": [0] * 40, "fare": [9.5] * 40}
        table |= {"port": ["Kobe", "Kobe", "Nagasaki", "Nagasaki"] * 10, "survived": [1, 0] * 20}
        self.dump(pd.DataFrame(table))


@pytest.mark.parametrize("features", ["plain", "rich"])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_easy_is_predicted(model: str, features: str) -> None:
    cfg = compose(f"model={model}", f"features={features}")
    design = make(MODELS[model], cfg.model.params, **cfg.features)
    passengers = EasyPassengers(file=cfg.known.file)
    per_fold = gokart.build(CrossValidate(model=design, known=passengers, folds=4, seed=0))
    assert list(per_fold["accuracy"]) == [1.0] * 4
    table = gokart.build(Predict(model=design, known=passengers, unknown=passengers))
    assert list(table["survived"]) == [1, 0] * 20


def test_the_pipeline_has_a_score_and_a_submission() -> None:
    assert set(pipeline(compose())) == {"score", "submission"}
