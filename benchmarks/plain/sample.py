"""The sample pipeline of a new project on plain gokart, with the numbers of its `conf/`."""

import gokart
from my_thesis.tasks.evaluate import EvaluateModel
from my_thesis.tasks.load import LoadTable
from my_thesis.tasks.split import SplitTable
from my_thesis.tasks.train import TrainLogistic

split = SplitTable(table=LoadTable(name="breast_cancer"), test_size=0.25, seed=0)
model = TrainLogistic(split=split, c=1.0, max_iter=1000, seed=0)
print(gokart.build(EvaluateModel(model=model, split=split)))
