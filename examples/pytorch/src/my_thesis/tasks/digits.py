"""Stage 1: images of handwritten digits."""

from typing import NamedTuple

import numpy as np
from labkart import Task
from luigi import FloatParameter, IntParameter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Digits(NamedTuple):
    """Images of 8 x 8 pixels between 0 and 1, and what they show."""

    x_train: np.ndarray
    x_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray


class LoadDigits(Task[Digits]):
    """Load the images that come with scikit-learn, and split them at random."""

    test_size: FloatParameter = FloatParameter()
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        pixels, y = load_digits(return_X_y=True)
        x, y = (np.asarray(pixels) / 16).astype("float32").reshape(-1, 8, 8), np.asarray(y)
        rows = range(len(y))
        train, test = train_test_split(rows, test_size=self.test_size, random_state=self.seed)
        self.dump(Digits(x[train], x[test], y[train], y[test]))
