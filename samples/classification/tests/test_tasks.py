"""How to test one task: give it a tiny upstream task, build it, look at its output."""

import gokart
import pandas as pd
from labkart import Task

from {{cookiecutter.__package}}.tasks.split import SplitTable
from {{cookiecutter.__package}}.tasks.train import TrainLogistic


class TinyTable(Task[pd.DataFrame]):
    """Stands in for the real data: 8 rows, 2 classes, one feature that tells them apart."""

    def run(self) -> None:
        self.dump(pd.DataFrame({"x": range(8), "target": ["low"] * 4 + ["high"] * 4}))


def tiny_split() -> SplitTable:
    return SplitTable(table=TinyTable(), test_size=0.5, seed=0)


def test_a_split_keeps_every_row_once_and_the_share_of_each_class() -> None:
    split = gokart.build(tiny_split())
    assert sorted([*split.x_train.index, *split.x_test.index]) == list(range(8))
    assert split.y_train.value_counts().to_dict() == {"low": 2, "high": 2}


def test_a_logistic_regression_learns_what_is_easy() -> None:
    model = gokart.build(TrainLogistic(split=tiny_split(), c=1.0, max_iter=100, seed=0))
    assert list(model.predict(pd.DataFrame({"x": [0, 7]}))) == ["low", "high"]
