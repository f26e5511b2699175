"""The first task. Replace it by one of your own: `labkart docs make-it-yours` shows how."""

import numpy as np
import pandas as pd
from labkart import Task
from luigi import IntParameter


class Walk(Task[pd.DataFrame]):
    """A random walk: each step goes left or right, and the table says where one is."""

    steps: IntParameter = IntParameter()
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        moves = np.random.default_rng(self.seed).choice([-1, 1], size=self.steps)
        walk = pd.DataFrame({"place": moves.cumsum()})
        self.log_metric("distance", abs(int(walk["place"].iloc[-1])))
        self.dump(walk)
