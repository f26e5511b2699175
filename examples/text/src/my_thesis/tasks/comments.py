"""Stage 1: comments, in a part to learn from and a part to be tested on."""

from typing import NamedTuple

import pandas as pd
from labkart import DataFile, Task
from luigi import FloatParameter, IntParameter
from sklearn.model_selection import train_test_split


class Split(NamedTuple):
    """Two tables with the columns id, text and label."""

    train: pd.DataFrame
    test: pd.DataFrame


class SplitComments(Task[Split]):
    """Read the comments and split them at random, with the same share of labels in both parts."""

    file: DataFile = DataFile()
    test_size: FloatParameter = FloatParameter()
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        table = pd.read_csv(self.file)
        train, test = train_test_split(
            table.index, test_size=self.test_size, random_state=self.seed, stratify=table["label"]
        )
        self.log_metric("comments", len(table))
        self.dump(Split(table.loc[train], table.loc[test]))
