"""Stage 4: how often a model is right, and where it is wrong."""

import pandas as pd
from gokart import TaskInstanceParameter
from labkart import Task
from sklearn.metrics import accuracy_score, f1_score

from .comments import SplitComments
from .train import TrainTask
from .vectors import Vectorise


class Evaluate(Task[pd.DataFrame]):
    """Label the comments to be tested on; the output has one row per comment."""

    model: TaskInstanceParameter[TrainTask] = TaskInstanceParameter(expected_type=TrainTask)
    vectors: TaskInstanceParameter[Vectorise] = TaskInstanceParameter(expected_type=Vectorise)
    split: TaskInstanceParameter[SplitComments] = TaskInstanceParameter(expected_type=SplitComments)

    def run(self) -> None:
        model, vectors = self.load(self.model), self.load(self.vectors)
        test = self.load(self.split).test
        table = test.assign(guess=model.predict(vectors.test))
        table["right"] = (table["guess"] == table["label"]).astype(int)
        self.log_metric("accuracy", float(accuracy_score(table["label"], table["guess"])))
        macro_f1 = f1_score(table["label"], table["guess"], average="macro")
        self.log_metric("macro_f1", float(macro_f1))
        self.log_table("per_comment", table[["id", "right"]])
        self.log_table("mistakes", table[table["right"] == 0])
        self.dump(table)
