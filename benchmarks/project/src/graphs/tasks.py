"""The tasks. On plain gokart, `labkart` is the module in `benchmarks/plain/`."""

import random
import time
from collections.abc import Sequence

import numpy as np
from luigi import FloatParameter, IntParameter

from labkart import Task


class Leaf(Task[int]):
    """A number."""

    number: IntParameter = IntParameter()

    def run(self) -> None:
        self.dump(self.number)


class Flat(Task[int]):
    """The sum of n - 1 leaves."""

    n: IntParameter = IntParameter()

    def requires(self) -> Sequence[Leaf]:
        return [Leaf(number=number) for number in range(self.n - 1)]

    def run(self) -> None:
        self.dump(sum(self.load()) if self.n > 1 else 0)


class Node(Task[int]):
    """A number, and the sum of the ten nodes in the layer below."""

    layer: IntParameter = IntParameter()
    number: IntParameter = IntParameter()

    def requires(self) -> Sequence["Node"]:
        return (
            [Node(layer=self.layer - 1, number=number) for number in range(10)]
            if self.layer
            else []
        )

    def run(self) -> None:
        self.dump(self.number + (sum(self.load()) % 1000 if self.layer else 0))


class Layered(Task[int]):
    """The sum of the uppermost of n // 10 layers."""

    n: IntParameter = IntParameter()

    def requires(self) -> Sequence[Node]:
        return (
            [Node(layer=self.n // 10 - 1, number=number) for number in range(10)]
            if self.n >= 10
            else []
        )

    def run(self) -> None:
        self.dump(sum(self.load()) if self.n >= 10 else 0)


class Chain(Task[int]):
    """One more than the task before it."""

    n: IntParameter = IntParameter()

    def requires(self) -> Sequence["Chain"]:
        return [Chain(n=self.n - 1)] if self.n > 1 else []

    def run(self) -> None:
        self.dump(1 + sum(self.load()) if self.n > 1 else 1)


class One(Task[int]):
    """A number, by itself."""

    n: IntParameter = IntParameter()

    def run(self) -> None:
        self.log_metric("n", self.n)
        self.dump(self.n)


class Prefix(Task[int]):
    """Takes three seconds."""

    def run(self) -> None:
        time.sleep(3)
        self.dump(3)


class Branch(Task[int]):
    """Takes a second, after the prefix."""

    n: IntParameter = IntParameter()

    def requires(self) -> Sequence[Prefix]:
        return [Prefix()]

    def run(self) -> None:
        time.sleep(1)
        self.dump(self.n + sum(self.load()))


class Fan(Task[int]):
    """The sum of n branches; a sweep needs no task that takes them together, plain gokart does."""

    n: IntParameter = IntParameter()

    def requires(self) -> Sequence[Branch]:
        return [Branch(n=n) for n in range(self.n)]

    def run(self) -> None:
        self.dump(sum(self.load()))


class Guess(Task[float]):
    """How far a guess is from a number."""

    number: IntParameter = IntParameter()
    share: FloatParameter = FloatParameter()

    def run(self) -> None:
        distance = abs(self.number * self.share - 1234)
        self.log_metric("distance", distance)
        self.dump(distance)


class Weights(Task[bytes]):
    """What a small model takes."""

    n: IntParameter = IntParameter()

    def run(self) -> None:
        self.dump(random.Random(self.n).randbytes(480_000))


class Scored(Task[float]):
    """Logs two figures and a table."""

    n: IntParameter = IntParameter()

    def requires(self) -> Sequence[Weights]:
        return [Weights(n=self.n)]

    def run(self) -> None:
        noise = np.random.default_rng(self.n)
        self.log_metric("score", noise.random())
        self.log_image("roc_curve", noise.random((100, 100, 3)))
        self.log_image("confusion_matrix", noise.random((75, 75, 3)))
        self.log_table("per_class", {"class": ["a", "b"], "recall": noise.random(2)})
        self.dump(float(len(self.load()[0])))


GRAPHS = {
    "flat": Flat,
    "layered": Layered,
    "chain": Chain,
    "one": One,
    "branch": Branch,
    "fan": Fan,
    "scored": Scored,
}
