"""Stage 4: the file to hand in."""

import pandas as pd
from gokart import TaskInstanceParameter
from labkart import Task

from .models import DesignTask
from .passengers import ReadPassengers


class Predict(Task[pd.DataFrame]):
    """Fit a model to all known passengers, and say who of the others survived, as a CSV file."""

    model: TaskInstanceParameter[DesignTask] = TaskInstanceParameter(expected_type=DesignTask)
    known: TaskInstanceParameter[ReadPassengers] = TaskInstanceParameter(
        expected_type=ReadPassengers
    )
    unknown: TaskInstanceParameter[ReadPassengers] = TaskInstanceParameter(
        expected_type=ReadPassengers
    )

    def output(self):
        return self.make_target("submission.csv")

    def run(self) -> None:
        known, unknown = self.load(self.known), self.load(self.unknown)
        model = self.load(self.model).fit(known, known["survived"])
        survived = model.predict(unknown)
        self.log_metric("share_survived", float(survived.mean()))
        self.dump(pd.DataFrame({"id": unknown["id"], "survived": survived}))
