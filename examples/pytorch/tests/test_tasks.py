"""A network learns what is easy, on few images and epochs."""

import gokart
import numpy as np

from my_thesis.tasks.digits import Digits, LoadDigits
from my_thesis.tasks.evaluate import Evaluate
from my_thesis.tasks.train import TrainNetwork


class TwoShapes(LoadDigits):
    """Stands in for the digits: dark images are 0, bright ones are 1."""

    def run(self) -> None:
        y = np.repeat([0, 1], 32)
        x = np.full((64, 8, 8), 0.1, dtype="float32")
        x[y == 1] = 0.9
        self.dump(Digits(x, x, y, y))


def test_a_network_tells_dark_from_bright() -> None:
    digits = TwoShapes(test_size=0.5, seed=0)
    network = TrainNetwork(
        digits=digits, epochs=10, channels=4, dropout=0.0, rate=0.01, batch=16, loaders=0, seed=0
    )
    counts = gokart.build(Evaluate(network=network, digits=digits))
    assert counts.to_numpy().tolist() == [[32, 0], [0, 32]]
