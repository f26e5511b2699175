"""Stage 2: from one table to a training part and a test part."""

from typing import NamedTuple

import pandas as pd
from gokart import TaskInstanceParameter
from labkart import Task
from luigi import FloatParameter, IntParameter
from sklearn.model_selection import train_test_split


class Split(NamedTuple):
    """Features and class names of both parts; rows keep their numbers."""

    x_train: pd.DataFrame
    x_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series


class SplitTable(Task[Split]):
    """Split a table at random, with the same share of each class in both parts."""

    table: TaskInstanceParameter[Task[pd.DataFrame]] = TaskInstanceParameter(expected_type=Task)
    test_size: FloatParameter = FloatParameter()
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        table = self.load(self.table)
        x, y = table.drop(columns="target"), table["target"]
        train, test = train_test_split(
            x.index, test_size=self.test_size, random_state=self.seed, stratify=y
        )
        self.dump(Split(x.loc[train], x.loc[test], y.loc[train], y.loc[test]))
