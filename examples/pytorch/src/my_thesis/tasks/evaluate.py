"""Stage 3: how often the network is right."""

import pandas as pd
import torch
from gokart import TaskInstanceParameter
from labkart import Task

from .digits import LoadDigits
from .train import TrainNetwork


class Evaluate(Task[pd.DataFrame]):
    """Read the test images; the output counts digits (rows) by what was read (columns)."""

    network: TaskInstanceParameter[TrainNetwork] = TaskInstanceParameter(expected_type=TrainNetwork)
    digits: TaskInstanceParameter[LoadDigits] = TaskInstanceParameter(expected_type=LoadDigits)

    def run(self) -> None:
        network, digits = self.load(self.network), self.load(self.digits)
        with torch.no_grad():
            read = network(torch.as_tensor(digits.x_test)).argmax(dim=1).numpy()
        self.log_metric("accuracy", float((read == digits.y_test).mean()))
        counts = pd.crosstab(pd.Series(digits.y_test, name="digit"), pd.Series(read, name="read"))
        self.log_table("confusion", counts)
        self.dump(counts)
